"""A chat: free conversation with a model that may act, over one sandbox whose variables last."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from codeact.agent.conversation import Conversation
from codeact.events import EventSink, Executed
from codeact.tools import Approve, Toolbox, finish_tool
from codeact.tools.some_stubs import PROMPT_CHARACTERS

if TYPE_CHECKING:
    from codeact.sandbox import Execution

_AGAIN_S = 0.001


class ChatSession:
    """One sandbox and one conversation.

    Args:
        tools: what programs may call; `finish` is added.
        converse: makes the conversation from the stubs and the names of the libraries of a workspace.
        options: of the sandbox: `limits`, `without`, `imports`, `workspace`, `readable`.
    """

    def __init__(
        self, tools: Toolbox, converse: Callable[[str, Collection[str]], Conversation], **options: Any
    ) -> None:
        from codeact.sandbox import Sandbox

        self.tools = tools
        box = tools if "finish" in tools.tools else tools.with_tools(finish_tool())
        self._sandbox = Sandbox(box, **options)
        self._conversation = converse(box.stubs(PROMPT_CHARACTERS), self._sandbox.libraries)
        self._acting = False  # whether a program runs, or is about to be sent

    def say(self, text: str, approve: Approve | None, on_event: EventSink) -> str:
        """One task: the model acts until it has an answer, which is returned."""
        self._sandbox.approve = approve
        self._conversation.ask(text)
        while True:
            action = self._conversation.next_action(on_event)
            if action.code is None:
                return _answer(action.answer) if action.answer is not None else f"No answer ({action.reason})."
            self._acting = True
            try:
                if self._conversation.interrupted:
                    continue
                execution = self._sandbox.run(action.code, on_event=on_event)
            finally:
                self._acting = False
            on_event(Executed(execution))
            self._conversation.observe(execution.observation())
            if execution.ended:
                return _final(execution)

    def interrupt(self) -> None:
        """From another thread: end the reply that is being written and the program that is running."""
        self._conversation.interrupt()
        while not self._sandbox.interrupt() and self._acting:
            time.sleep(_AGAIN_S)

    def close(self) -> None:
        """End the sandbox; the variables are lost."""
        self._sandbox.close()


def _final(execution: Execution) -> str:
    """The answer of a program that ended by `finish`; without one, what it printed."""
    if execution.answer is not None:
        return _answer(execution.answer)
    return execution.stdout.strip() or "Done."


def _answer(answer: object) -> str:
    return answer if isinstance(answer, str) else repr(answer)
