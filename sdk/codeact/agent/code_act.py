"""CodeActAgent: a model that acts by writing code, in an episode or in a chat."""

from __future__ import annotations

import copy
import os
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from codeact.agent.budget import Budget, Prices, Spent
from codeact.agent.conversation import Conversation, Settings
from codeact.agent.conversation_file import Journal, read_conversation
from codeact.agent.formats import find_format
from codeact.agent.gate import Gate
from codeact.agent.protocol import Action, Brief
from codeact.agent.rehearsing import Rehearses
from codeact.agent.skills import Skill, WithSkills, load_skill, skill_stubs
from codeact.agent.templates import say, system_prompt, worked_examples
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
        max_turns: replies of the model for one task.
        max_tokens: tokens of one reply.
        max_total_tokens: tokens read and written for one task. None: no limit.
        max_seconds: wall time for one task. None: no limit.
        max_calls: tool calls for one task. None: no limit. One more is refused, and the task ends.
        max_cost: for one task, in the currency of `prices`. None: no limit.
        prices: what a million tokens cost that the model reads, and that it writes.
        action_format: `code`, or for comparison `json` or `text` (one call a turn).
        approve: policy that is asked about each tool call before it runs; None lets all run.
        system_prompt: a Jinja template in place of the built-in one; see `docs/agent.md`.
        skills: functions of earlier episodes that programs may call, or their files; see `docs/agent.md`.
        stubs: how the prompt shows the tools: `full` as Python stubs with rules and an example, or `short` in one line
            each after a few sentences, for small models. None: what the model prefers by its attribute `stubs`, else
            `full`.
        examples: how many worked examples the prompt shows, or texts of your own in place of them. None: one, and none
            beside short stubs.
        name: how traces and reports call the agent; None takes the model's name, the format if it is not `code`, and
            the skills.
        temperature: 0 is greedy.
        seed: makes sampling repeatable; the turn is added to it. None: different each time.
        max_observation_chars: longer observations lose their middle, with a note.
        compaction: what becomes of the oldest turns when the context is full: `drop` leaves them out, `summarise` lets
            the model sum them up first, for tokens that count.
        journal: a file that keeps the chat as it goes on, and from which it goes on where the file exists. See
            `conversation_file`.
        rehearse: in an episode whose environment can (it has `rehearse(code)`), try each program there first. One that
            ends in an error or breaks a hard constraint is not run; the model reads why, and its next reply counts as a
            turn like any other.
        best_of: above 1, so many replies are sampled in each turn, each program is rehearsed and the best one acted: of
            those that pass, the one with the environment's highest score. A turn counts once; tokens, time and cost
            count all of them. It needs a `temperature` above 0.
        limits: of the sandbox in a chat; environments bring their own.
        without: layers of the sandbox's wall that a chat may do without; see `docs/safety.md`.
        workspace: a folder that programs of a chat may write to; then they may use full libraries, too. See
            `docs/workspace.md`.
        readable: further folders and files that they may read; with a workspace only.
        imports: what programs of a chat may import, where that is not what the sandbox offers by itself.

    Raises:
        CodeActError: an unknown format, a budget that is not positive, or `best_of` without a temperature.
    """

    def __init__(
        self,
        model: Model,
        *,
        max_turns: int = 10,
        max_tokens: int = 512,
        max_total_tokens: int | None = None,
        max_seconds: float | None = None,
        max_calls: int | None = None,
        max_cost: float | None = None,
        prices: tuple[float, float] | None = None,
        action_format: str = "code",
        approve: Approve | None = None,
        system_prompt: str | None = None,
        skills: Sequence[Skill | str | os.PathLike[str]] = (),
        stubs: Literal["full", "short"] | None = None,
        examples: int | Sequence[str] | None = None,
        name: str | None = None,
        temperature: float = 0.0,
        seed: int | None = 0,
        max_observation_chars: int = 4000,
        compaction: Literal["drop", "summarise"] = "drop",
        journal: str | os.PathLike[str] | None = None,
        rehearse: bool = False,
        best_of: int = 1,
        limits: Limits | None = None,
        without: Collection[str] = (),
        workspace: str | os.PathLike[str] | None = None,
        readable: Collection[str | os.PathLike[str]] = (),
        imports: Collection[str] | None = None,
    ) -> None:
        if not callable(getattr(model, "generate", None)):
            raise CodeActError(f"an agent takes a model, such as load_model('embedded'), not {model!r:.60}")
        if max_tokens < 1 or max_observation_chars < 100:
            raise CodeActError("max_tokens must be at least 1, and max_observation_chars at least 100")
        if compaction not in ("drop", "summarise"):
            raise CodeActError(f"compaction is 'drop' or 'summarise', not {compaction!r}")
        if best_of < 1 or (best_of > 1 and temperature == 0):
            raise CodeActError(
                f"best_of is {best_of} and temperature {temperature:g}: it must be at least 1, and above 1 replies are "
                "sampled, so give a temperature such as 0.7"
            )
        self.model = model
        self._approve = approve
        self.action_format = find_format(action_format).name
        self.skills = tuple(each if isinstance(each, Skill) else load_skill(Path(each)) for each in skills)
        parts = [model.name, *([] if action_format == "code" else [action_format])]
        self.name = name or "+".join([*parts, *(skill.identity for skill in self.skills)])
        self.rehearse = rehearse
        self._system_prompt = system_prompt
        self.stubs = stubs or getattr(model, "stubs", "full")
        if self.stubs not in ("full", "short"):
            raise CodeActError(f"stubs is 'full' or 'short', not {self.stubs!r}")
        if examples is None:
            examples = 1 if self.stubs == "full" else 0
        self._examples = _chosen(examples, self.action_format)
        self._settings = Settings(
            Budget(max_turns, max_total_tokens, max_seconds, max_calls, max_cost, Prices(*prices) if prices else None),
            max_tokens,
            temperature,
            seed,
            max_observation_chars,
            compaction == "summarise",
            best_of=best_of,
        )
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
        self._gate = Gate()
        self._environment: Any = None  # of the episode
        self._chatting = False  # whether the last task was one of the chat

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
        return None if self._approve is None else self._approve(call)

    def begin(self, brief: Brief, on_event: EventSink) -> None:
        """Start an episode. What earlier episodes brought is forgotten; a chat is not touched."""
        self._episode = self._begun(brief)
        self._chatting = False
        self._environment = brief.environment
        self._hear(on_event, brief.tools)

    def prompt(self, brief: Brief) -> list[Message]:
        """What the model would read first in an episode with this brief."""
        return self._begun(brief).memory.messages()

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
            ModelError: the model did not answer.
            SandboxError: the sandbox cannot start here.
        """
        if tools is not None and not isinstance(tools, Toolbox):
            raise CodeActError(f"tools is a Toolbox, such as Toolbox([my_tool]), not {type(tools).__name__}")
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
        stage = self._stage(None if env is None else env.unwrapped)
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
        return lambda stubs, libraries: self._conversation(
            stubs, place.toolbox, chat=True, libraries=libraries, stage=stage
        )

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

    def _begun(self, brief: Brief) -> Conversation:
        stage = self._stage(brief.environment)
        conversation = self._conversation(brief.stubs, brief.tools, chat=False, stage=stage)
        message = "task" if self.stubs == "full" else "task_short"
        if not brief.observation.strip():
            message += "_alone"
        how = find_format(self.action_format).how
        conversation.ask(say(message, instruction=brief.instruction, observation=brief.observation, how=how))
        return conversation

    def _stage(self, environment: Any) -> Rehearses | None:
        """Where programs are rehearsed, if they are."""
        if isinstance(environment, Rehearses):
            return environment if self.rehearse or self._settings.best_of > 1 else None
        if self._settings.best_of > 1:
            what = "no environment" if environment is None else f"{type(environment).__name__}"
            raise CodeActError(f"best_of needs an environment that can try programs and undo them; here is {what}")
        return None

    def _conversation(
        self,
        stubs: str,
        tools: Toolbox | None,
        *,
        chat: bool,
        libraries: Collection[str] = (),
        stage: Rehearses | None = None,
    ) -> Conversation:
        if self.stubs == "short" and tools is not None:
            stubs = tools.short_stubs()
        system = system_prompt(
            self.action_format,
            "\n\n".join(filter(None, (stubs.strip(), skill_stubs(self.skills)))),
            chat=chat,
            short=self.stubs == "short",
            own=self._system_prompt,
            libraries=libraries,
            examples=self._examples,
        )
        names = [skill.name for skill in self.skills]
        if tools is not None and (taken := [name for name in names if name in tools]):
            raise CodeActError(f"{taken[0]!r} is the name of a skill and of a tool")
        action_format = find_format(self.action_format, tools, names)
        if self.skills:
            action_format = WithSkills(action_format, self.skills)
        conversation = Conversation(
            self.model, action_format, self._settings, system, chat=chat, stage=stage, gate=self._gate
        )
        if chat and self._journal is not None:
            conversation.journal(self._journal)
        return conversation


def _chosen(examples: int | Sequence[str], action_format: str) -> tuple[str, ...]:
    """The worked examples that a prompt shows."""
    if isinstance(examples, str):
        raise CodeActError("examples is a number, or a list of texts")
    if not isinstance(examples, int):
        return tuple(examples)
    there = worked_examples(action_format)
    if not 0 <= examples <= len(there):
        raise CodeActError(f"examples is {examples}; there are {len(there)} worked examples, or give texts of your own")
    return there[:examples]


def _ignore(event: Event) -> None:
    """The sink of those who do not look."""
