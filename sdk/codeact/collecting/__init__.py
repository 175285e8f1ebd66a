"""Training data: episodes are played for their conversations, and those that end in a verified success are kept."""

from codeact.collecting.collection import Collected, CollectionProgress, collect
from codeact.collecting.errors import CollectionError
from codeact.collecting.records import read_conversations
from codeact.collecting.separation import RESERVED_SEEDS
from codeact.collecting.suite import CollectionSuite

__all__ = [
    "RESERVED_SEEDS",
    "Collected",
    "CollectionError",
    "CollectionProgress",
    "CollectionSuite",
    "collect",
    "read_conversations",
]
