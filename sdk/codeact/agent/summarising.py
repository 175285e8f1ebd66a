"""What a model makes of turns for which its context has no room any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codeact.agent.conversation_file import Said
from codeact.agent.templates import say, shorten
from codeact.errors import ModelError
from codeact.models.protocol import Completion, GenerationOptions, Message, Model

SUMMARY = 0.1  # of the room
SHORTEST_SUMMARY = 40  # tokens


def summary(
    model: Model, before: str, dropped: Sequence[Said], room: int, options: GenerationOptions
) -> Completion | None:
    """Let the model sum up what is left out of a conversation.

    Args:
        model: of the conversation.
        before: the summary of what was left out earlier; empty for none.
        dropped: what is left out now.
        room: tokens that the conversation may have.
        options: of its replies.

    Returns:
        What it wrote, with the summary as its text, which is empty where it was interrupted; None where the model
        failed.
    """
    most = max(SHORTEST_SUMMARY, int(room * SUMMARY))
    text = "\n\n".join(f"{each.role}: {each.content}" for each in dropped)
    earlier = say("summary_before", summary=before) if before else ""
    asked = say("summarise", before=earlier, text=shorten(text, 2 * room), words=most * 2 // 3)
    messages = [Message("system", say("summarise_system")), Message("user", asked)]
    try:
        completion = model.generate(messages, replace(options, max_tokens=most, stop=()))
    except ModelError:
        return None
    whole = completion.finish_reason != "interrupted"
    return replace(completion, text=shorten(completion.text.strip(), most * 5) if whole else "")
