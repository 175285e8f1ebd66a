"""What a model is told when its reply held no action that could be run."""

from __future__ import annotations

from codeact.agent.formats import Broken, Format, Prose
from codeact.agent.templates import say


def why_nothing_ran(reply: Broken | Prose, action_format: Format, max_tokens: int, *, chat: bool) -> str:
    """Why nothing was run, and how to act instead.

    Args:
        reply: what the format made of the model's words.
        action_format: how the model is to act.
        max_tokens: how long its reply might have been.
        chat: whether plain words would have been an answer.
    """
    how = action_format.how
    match reply:
        case Broken(cut=True):
            return say("cut", tokens=max_tokens, what="the program" if action_format.name == "code" else "the call")
        case Broken(why):
            return say("broken", why=why, how=how)
        case Prose(unmarked=True):
            return say("nudge_unmarked", how=how)
        case _:
            return say("nudge_chat" if chat else "nudge", how=how)
