"""Fine-tuning: from conversations that ended well to weights, or an adapter over weights, that act like them.

`conversations` reads the data, `tokens` turns it into exactly what a model reads and writes at inference, `packing`
plans the batches of a whole run, and `supervised` trains on them. Nothing here is loaded by the rest of the package.
"""

from codeact.training.conversations import Conversation, Turn, read_conversations
from codeact.training.errors import TrainingError
from codeact.training.options import TrainingOptions

__all__ = ["Conversation", "TrainingError", "TrainingOptions", "Turn", "read_conversations"]
