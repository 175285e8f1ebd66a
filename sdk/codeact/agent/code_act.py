"""CodeActAgent: a model that acts by writing code, in an episode or in a chat."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import AsyncGenerator, Collection, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from codeact.agent.budget import Spent
from codeact.agent.conversation import Conversation
from codeact.agent.conversation_file import Journal, read_conversation
from codeact.agent.gate import Gate
from codeact.agent.opening import Opening
from codeact.agent.protocol import Action, Brief
from codeact.agent.rehearsing import Rehearses
from codeact.agent.settings import AgentKeywords, AgentSettings
from codeact.errors import CodeActError
from codeact.events import Event, EventSink
from codeact.models.protocol import Message, Model
from codeact.tools import Approval, Approve, PendingCall, Refusal, Toolbox

if TYPE_CHECKING:
    from codeact.agent.chat import ChatSession, Converse
    from codeact.agent.places import Place
    from codeact.episode import Episode
    from codeact.sandbox import Limits


class CodeActAgent:
    """A model that acts by writing code, reads what it printed or the error, and goes on until it is done.

    Args:
        model: see `codeact.load_model`.
        settings: how it acts; None: the usual.
        approve: policy that is asked about each tool call before it runs; None lets all run.
        journal: a file that keeps the chat as it goes on, and from which it goes on where the file exists. See
            `conversation_file`.
        limits: of the sandbox in a chat; environments bring their own.
        without: layers of the sandbox's wall that a chat may do without; see `docs/safety.md`.
        workspace: a folder that programs of a chat may write to; then they may use full libraries, too. See
            `docs/workspace.md`.
        readable: further folders and files that they may read; with a workspace only.
        imports: what programs of a chat may import, where that is not what the sandbox offers by itself.
        changes: single settings, by the names of `AgentSettings`, such as `max_turns=5`.

    Raises:
        CodeActError: `settings` or `changes` mean nothing, such as a budget that is not positive.
        TypeError: there is no setting of a name.
    """

    def __init__(
        self,
        model: Model,
        settings: AgentSettings | None = None,
        *,
        approve: Approve | None = None,
        journal: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        without: Collection[str] = (),
        workspace: str | os.PathLike[str] | None = None,
        readable: Collection[str | os.PathLike[str]] = (),
        imports: Collection[str] | None = None,
        **changes: Unpack[AgentKeywords],
    ) -> None:
        if not callable(getattr(model, "generate", None)):
            raise CodeActError(f"an agent takes a model, such as load_model('embedded'), not {model!r:.60}")
        self.model = model
        self.settings = (settings or AgentSettings()).but(**changes)
        self._approve = approve
        self.skills = self.settings.known_skills
        self._opening = Opening(model, self.settings)
        self._journal = Journal(Path(journal)) if journal is not None else None
        self._sandbox: dict[str, Any] = {
            "limits": limits,
            "without": tuple(without),
            "workspace": workspace,
            "readable": readable,
            "imports": imports,
        }
        self._episode: Conversation | None = None
        self._chat: ChatSession | None = None
        self._chat_tools: Toolbox | None = None
        self._talking = threading.Lock()  # held in `chat`, so that two threads do not both begin a session
        self._gate = Gate()
        self._environment: Any = None  # of the episode
        self._chatting = False  # whether the last task was one of the chat

    @property
    def name(self) -> str:
        """How traces and reports call the agent."""
        parts = [self.model.name, *([] if self.action_format == "code" else [self.action_format])]
        return self.settings.name or "+".join([*parts, *(skill.identity for skill in self.skills)])

    @property
    def stubs(self) -> str:
        """How the prompt shows the tools: `full` or `short`."""
        return self._opening.stubs

    @property
    def action_format(self) -> str:
        """How the model writes its actions: `code`, `json` or `text`."""
        return self.settings.action_format

    @property
    def approve(self) -> Approve | None:
        """What is asked about each tool call: it waits while the agent is paused, counts, and asks the policy."""
        return self._decide

    @approve.setter
    def approve(self, approve: Approve | None) -> None:
        self._approve = approve

    @property
    def spent(self) -> Spent | None:
        """What the latest task has cost so far; None before the first."""
        conversation = self._latest()
        return None if conversation is None else conversation.spending.spent()

    def _latest(self) -> Conversation | None:
        if self._chatting and self._chat is not None:
            return self._chat.conversation
        return self._episode

    def _decide(self, call: PendingCall) -> Approval:
        conversation = self._latest()
        if conversation is not None:
            conversation.pass_gate(f"a call of {call.tool}")
        if self._gate.stopped:
            return Refusal("the agent was stopped")
        if call.tool != "finish" and conversation is not None and (why := conversation.spending.call()):
            return Refusal(why)
        if self._approve is None:
            return None
        return self._approve(replace(call, program="" if conversation is None else conversation.program))

    def begin(self, brief: Brief, on_event: EventSink) -> None:
        """Start an episode. What earlier episodes brought is forgotten; a chat is not touched."""
        self._episode = self._opening.episode(brief, self._gate)
        self._chatting = False
        self._environment = brief.environment
        self._hear(on_event, brief.tools)

    def prompt(self, brief: Brief) -> list[Message]:
        """What the model would read first in an episode with this brief."""
        return self._opening.episode(brief, Gate()).memory.messages()

    def act(self, observation: str | None, on_event: EventSink) -> Action:
        """The next program, or the end of the episode.

        Raises:
            ModelError: the model did not answer.
            CodeActError: no episode was begun.
        """
        if self._episode is None:
            raise CodeActError("act() before begin(): an episode begins with a brief")
        self._gate.on_event = on_event
        if observation is not None:
            self._episode.observe(observation, getattr(observation, "images", ()))
        return self._episode.next_action(on_event)

    def chat(self, text: str, tools: Toolbox | None = None, on_event: EventSink | None = None) -> str:
        """Say something, let the model act if it wants to, and return its answer.

        Variables and conversation live on from chat to chat, until `close()` or until another toolbox is given, which
        begins a new session. The answer is the model's words, or what its program gave to `finish(answer)`. If a budget
        runs out first, the text says so.

        Args:
            text: a question or task.
            tools: what programs may call; None keeps those of the session.
            on_event: told everything as it happens.

        Raises:
            CodeActError: the chat is still at its last message.
            ModelError: the model did not answer.
            SandboxError: the sandbox cannot start here.
        """
        from codeact.agent.chat import alone

        if tools is not None and not isinstance(tools, Toolbox):
            raise CodeActError(f"tools is a Toolbox, such as Toolbox([my_tool]), not {type(tools).__name__}")
        with alone(self._talking):
            if self._chat is not None and tools is not None and tools is not self._chat_tools:
                self.close()
            if self._chat is None:
                self.open_chat(tools)
            assert self._chat is not None
            self._chatting = True
            return self._chat.say(text, self.approve, on_event or _ignore)

    def open_chat(self, tools: Toolbox | None = None, *, env: Any = None, seed: int = 0, undo: int = 0) -> ChatSession:
        """Begin a chat anew, for those who want more of it than `chat()`: `undo`, `go_on`, an environment.

        Args:
            tools: what programs may call. An environment has its own.
            env: an environment of programs that the chat acts in, instead of a sandbox. It stays open; make it with
                `gymnasium.make(id, open_ended=True)`, so that no success ends it.
            seed: of the environment's reset.
            undo: how many messages can be undone.

        Raises:
            CodeActError: both tools and an environment were given, or `env` takes no programs.
            SandboxError: the sandbox cannot start here.
        """
        from codeact.agent.chat import ChatSession
        from codeact.agent.places import EnvironmentPlace, SandboxPlace

        if env is not None and tools is not None:
            raise CodeActError("an environment has tools of its own; give more with its extra_tools=...")
        self.close()
        place: Place
        if env is None:
            place = SandboxPlace(tools if tools is not None else Toolbox(), **self._sandbox)
        else:
            place = EnvironmentPlace(env, seed)
        stage = self._opening.stage(None if env is None else env.unwrapped)
        self._chat_tools = tools
        self._chatting = True
        self._chat = ChatSession(
            place,
            self._converse_at(place, stage),
            undo=undo,
            hear=self._hear,
        )
        return self._chat

    def _converse_at(self, place: Place, stage: Rehearses | None = None) -> Converse:
        def converse(stubs: str, libraries: Collection[str]) -> Conversation:
            conversation = self._opening.conversation(
                stubs, place.toolbox, self._gate, chat=True, libraries=libraries, stage=stage
            )
            if self._journal is not None:
                conversation.journal(self._journal)
            return conversation

        return converse

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the latest conversation to a file, as it stands: of the chat, or of the episode.

        Raises:
            CodeActError: there is none, or the file cannot be written.
        """
        conversation = self._latest()
        if conversation is None:
            raise CodeActError("there is no conversation to save: nothing was said yet")
        conversation.save(Path(path))

    def load(self, path: str | os.PathLike[str], tools: Toolbox | None = None) -> None:
        """Begin a chat that goes on with a conversation of a file. Variables of its programs are gone, and it is told.

        Raises:
            CodeActError: the file holds no conversation, or the model acted in another format there.
            SandboxError: the sandbox cannot start here.
        """
        saved = read_conversation(Path(path))
        self.open_chat(tools).conversation.recall(saved)

    def fork(self) -> CodeActAgent:
        """Another agent whose chat, variables included, and episode stand as this one's do, and go their own way.

        The fork keeps no journal. Close it as well.

        Raises:
            CodeActError: the chat is in an environment or a workspace, which cannot be had twice.
        """
        other = copy.copy(self)
        other._journal = None
        other._talking = threading.Lock()
        other._gate = Gate()
        other._episode = self._episode.fork(other._gate) if self._episode is not None else None
        other._chat = self._chat.fork(other._converse_at, other._gate, other._hear) if self._chat is not None else None
        return other

    def stream(self, env: Any, seed: int = 0, options: dict[str, Any] | None = None) -> Iterator[Event]:
        """Play an episode and yield its events as they happen.

        The episode runs in a thread. Closing the iterator early stops the robot, the program and the model, and waits
        until they have stopped.

        Raises:
            Whatever the episode raises, at the place where it happened.
        """
        from codeact.agent.streaming import stream_episode

        return stream_episode(self, env, seed, options)

    async def achat(self, text: str, tools: Toolbox | None = None, on_event: EventSink | None = None) -> str:
        """`chat`, awaited. `on_event` is called in another thread. Cancelling ends the reply and the program first."""
        from codeact.agent.streaming import in_thread

        return await in_thread(lambda: self.chat(text, tools, on_event), self.interrupt)

    def astream(self, env: Any, seed: int = 0, options: dict[str, Any] | None = None) -> AsyncGenerator[Event, None]:
        """`stream`, as an asynchronous iterator. Close it (`contextlib.aclosing`), or cancel its task, to stop it."""
        from codeact.agent.streaming import stream_episode_async

        return stream_episode_async(self, env, seed, options)

    async def aplay(
        self,
        env: Any,
        seed: int = 0,
        *,
        options: dict[str, Any] | None = None,
        on_event: EventSink | None = None,
    ) -> Episode:
        """`codeact.play`, awaited, without files. `on_event` is called on the event loop. Cancelling stops the robot,
        the program and the model first.

        Raises:
            Whatever the episode raises.
        """
        from codeact.agent.streaming import stream_episode_async

        episodes: list[Episode] = []
        async with aclosing(stream_episode_async(self, env, seed, options, episodes.append)) as events:
            async for event in events:
                if on_event is not None:
                    on_event(event)
        return episodes[0]

    def pause(self, wait_s: float = 0.0) -> bool:
        """From another thread: let no further reply, program or call of a tool begin until `resume`.

        A motion that is under way comes to its end, and what goes on between calls is stopped; then the agent is at
        rest, and `Paused` is told. For a motion that must end at once there is `stop`. The time of a pause counts
        against no budget.

        Args:
            wait_s: how long to wait until it is at rest.

        Returns:
            Whether a task is at rest by then.
        """
        return self._gate.close(wait_s)

    def resume(self) -> None:
        """From another thread: go on after a `pause`; `Resumed` is told."""
        self._gate.open()

    def stop(self) -> None:
        """From another thread: stop what moves, then end the program, the reply and the task, with reason `stopped`.

        A pause ends with it. The next task is not concerned.
        """
        self._gate.stop()
        self.interrupt()
        interrupt = getattr(self._environment, "interrupt", None)
        if interrupt is not None and not self._chatting:
            interrupt()

    def _hear(self, on_event: EventSink, tools: Toolbox | None) -> None:
        """Tell pauses there, and stop what lingers among the tools in a pause."""
        self._gate.on_event = on_event
        self._gate.rest = None
        if tools is not None and tools.lingers:
            self._gate.rest = lambda: self._rest(tools)

    def _rest(self, tools: Toolbox) -> str:
        from codeact.sandbox.lingering import stop_lingering

        left, conversation = stop_lingering(tools), self._latest()
        if conversation is not None:
            conversation.note(f"everything was stopped in a pause{f': {left}' if left else ''}")
        return left

    def interrupt(self) -> None:
        """From another thread: end the reply that is being written and, in a chat, the program that is running."""
        if self._episode is not None:
            self._episode.interrupt()
        if self._chat is not None:
            self._chat.interrupt()

    def close(self) -> None:
        """End the chat session and its sandbox. The agent can be used again."""
        if self._chat is not None:
            self._chat.close()
            self._chat = self._chat_tools = None

    def __enter__(self) -> CodeActAgent:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _ignore(event: Event) -> None:
    """The sink of those who do not look."""
