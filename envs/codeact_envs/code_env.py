"""`CodeEnv`: a Gymnasium environment whose action is a Python program."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact.events import EventSink, Executed
from codeact.sandbox import Execution, Limits, Sandbox
from codeact.tools import Approval, Approve, PendingCall, Refusal, Toolbox, finish_tool
from codeact_envs.budget import Budget
from codeact_envs.outcomes import Checkpoint, EnvState, Rehearsal
from codeact_envs.tasks import Judgement, Plan, Task, Values, World, environment_name, load_task
from codeact_envs.tasks.naming import Names, check_names, renamed
from codeact_envs.text_space import UnicodeText
from codeact_envs.variants import check_values, varied, watched

SETTLE_S = 0.5  # simulated seconds that pass after a program before the state is judged
MAX_PROGRAM, MAX_OBSERVATION = 20_000, 100_000  # characters
_AGAIN_S = 0.001
_LIMITS = Limits(tool_s=600.0)  # motion is limited by simulated time, so that a slow machine gives the same result


class CodeEnv(gymnasium.Env[str, str]):
    """One robot task. The action is a Python program, the observation what it printed and what the world shows.

    The reward of a step is the gain in partial score, so that an episode's return is its final score in [0, 1]. An
    episode terminates on success, on `finish(...)` or on a broken hard constraint, and is truncated at the task's
    limits. Variables of a program last until the reset.

    `info` holds after a reset: `instruction`, `state_hash`; after a step: `success`, `success_strict`, `score`,
    `conditions` (progress of each), `execution`, `violations`, `state_hash`, `simulated_seconds`, `turns`, `calls`,
    `answer`, `finished`, `limit` (which limit cut the episode off, or None), and what the world's `figures()` adds
    where it has some; after both: `perception`, the tier.

    Args:
        task: the name of a task, the path of a task's YAML file, or any object with the protocol of
            `codeact_envs.tasks.Task`.
        render_mode: None; `rgb_array`: `render()` gives the scene now; `rgb_array_list`: frames are collected while
            time passes, at `metadata["render_fps"]` a simulated second, and `render()` gives and forgets them; `human`:
            Bullet's window shows the world at the pace of the clock, and `render()` gives None. It needs a display,
            so `metadata` names it only where it was asked for: checks try every mode that is named.
        limits: of the sandbox, for one program.
        observation: `text`.
        values: draw instructions from the `seen` or the `unseen` attribute values; `reset(options={"values": ...})`
            does the same for one episode.
        phrasing: in whose words the instructions are: `usual` (the task's own), `training` (these and others, to learn
            from) or `unseen` (written apart from both). A seed has the same scene in all of them.
        names: other names for the world's tools, as a mapping (`{"pick": "grab"}`) or as text (`pick=grab`);
            `training:NUMBER`: about half of the tools, drawn by that number from names to learn from;
            `made_up:NUMBER`: all tools, by such names, longer ones and words that mean nothing; `unseen`: names that
            are none of these. Stubs, `help`, errors and the reference programs follow.
        perception: the tier in which programs see the table: `privileged` (true names and poses), `noisy` (poses with
            noise, missed detections) or `camera` (what is found in pictures, under names of its own); None for what
            the task itself says.
        tier: of the tools that programs get, `high` (pick, place_on, push, ...) or `low` (joints, poses, grip forces);
            None for the task's own.
        extra_tools: tools that programs get beside the world's.
        width, height: of frames, pixels.
        without: layers of the sandbox's wall to do without; see `Sandbox`.
        open_ended: for free play, as in a chat: success, `finish(...)` and broken constraints are told and end nothing,
            and the task's limits do not hold.

    Raises:
        TaskError: an argument is wrong, or there is no such task.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array", "rgb_array_list"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        task: str | Task,
        *,
        render_mode: str | None = None,
        limits: Limits | None = None,
        observation: Literal["text"] = "text",
        values: Values = "seen",
        phrasing: str = "usual",
        names: Names | None = None,
        perception: str | None = None,
        tier: str | None = None,
        extra_tools: Toolbox | None = None,
        width: int = 320,
        height: int = 240,
        without: Collection[str] = (),
        open_ended: bool = False,
    ) -> None:
        if render_mode not in (None, "human", *self.metadata["render_modes"]):
            raise TaskError(f"render_mode must be None, 'human', 'rgb_array' or 'rgb_array_list', not {render_mode!r}")
        if observation != "text":
            raise TaskError(f"observation must be 'text', not {observation!r}")
        drawn = load_task(task) if isinstance(task, str) else task
        self.task: Task = varied(drawn, perception=perception, tier=tier, phrasing=phrasing)
        if render_mode == "human":
            self.task = watched(self.task)
            self.metadata = {**self.metadata, "render_modes": [*self.metadata["render_modes"], "human"]}
        self._names = None if names is None else check_names(names)
        self.render_mode = render_mode
        self.action_space = UnicodeText(MAX_PROGRAM)
        self.observation_space = UnicodeText(MAX_OBSERVATION)
        self.approve: Approve | None = None
        self.on_event: EventSink | None = None
        self._limits = limits or _LIMITS
        self._values = check_values(values)
        self._extra_tools, self._without = extra_tools, tuple(without)
        self._width, self._height = width, height
        self._open_ended = open_ended
        self._world: World | None = None
        self._tools: Toolbox | None = None
        self._sandbox: Sandbox | None = None
        self._plan: Plan | None = None
        self._start: Any = None
        self._judgement = _NOTHING
        self._budget = Budget(self.task.limits, open_ended)
        self._over = True
        self._acting = False  # whether a program runs, or is about to be sent
        self._rehearsal: Sandbox | None = None  # while one runs
        self._unrehearsed: str | None = None  # the first tool that it could not call
        self._frames: list[NDArray[np.uint8]] = []  # collected before a rehearsal

    @classmethod
    def describe(cls, task: str, **_: Any) -> dict[str, str]:
        """What a task is, from the keywords that it is registered with: `name`, `title`, `family`, `tier`,
        `tiers`, all that it can be played with, and `oracle`, on how many seeds its reference program was seen to do
        it, such as `20/20`, where that is known.

        It loads neither simulator nor sandbox, so that a list of all tasks can be had at once.
        """
        from codeact_envs.tasks.rates import recorded_rates

        found = load_task(task)
        facts = {"name": found.name, "title": found.title, "family": found.family, "tier": found.tier}
        facts["tiers"] = ", ".join(getattr(found, "tiers", (found.tier,)))
        rate = recorded_rates().get(f"CodeAct/{environment_name(found.name)}")
        return facts if rate is None else {**facts, "oracle": f"{rate.solved}/{rate.seeds}"}

    # What the agent knows

    @property
    def instruction(self) -> str:
        """What the agent is asked to do in this episode."""
        return self._episode().instruction

    @property
    def perception(self) -> str | None:
        """The tier of perception; None where a task has none."""
        found: str | None = getattr(self.task, "perception", None)
        return found

    @property
    def variations(self) -> tuple[str, ...]:
        """What differs from the usual in the values, the words and the names of the tools, for a result's label."""
        phrasing = getattr(self.task, "phrasing", "usual")
        names = self._names
        if isinstance(names, Mapping):
            names = ",".join(f"{old}={new}" for old, new in names.items())
        said = {"values": self._values, "phrasing": phrasing, "names": names}
        return tuple(f"{what} {which}" for what, which in said.items() if which not in ("seen", "usual", None))

    @property
    def tools(self) -> Toolbox:
        """What programs may call: the world's tools, the extra ones, and `finish`."""
        if self._tools is None:
            self._tools = self._make_tools(self._make_world())
        return self._tools

    @property
    def outside_tools(self) -> frozenset[str]:
        """Names of the extra tools, whose effects lie outside the world: `return_to` does not undo them."""
        return frozenset(self._extra_tools.tools) if self._extra_tools is not None else frozenset()

    # Reference programs

    def oracle(self) -> str:
        """The reference program of this episode, written against the tools and the instruction only."""
        return self._with_names(self._episode().oracle)

    def opposite(self) -> str:
        """A program that does the wrong thing in this episode, and scores 0."""
        return self._with_names(self._episode().opposite)

    # Gymnasium

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Begin an episode. The same seed gives the same scene and instruction, bit for bit, in any process.

        Args:
            seed: see Gymnasium.
            options: `{"values": "seen" | "unseen"}`.

        Returns:
            The observation (what the world shows) and the info, see the class.

        Raises:
            TaskError: an option is unknown.
            SandboxError: this machine lacks a layer of the wall.
        """
        super().reset(seed=seed)
        options = dict(options or {})
        values = check_values(options.pop("values", self._values))
        if options:
            raise TaskError(f"reset() knows the option 'values', not {', '.join(map(repr, options))}")
        world, sandbox = self._make_world(), self._make_sandbox()
        self._plan = self.task.draw(self.np_random, values)
        world.reset(self._plan.setup)
        sandbox.reset()
        self._start, self._judgement = None, _NOTHING
        self._budget = Budget(self.task.limits, self._open_ended)
        self._over = False
        if self.render_mode == "rgb_array_list":
            self._frames = []
            world.take_frames()
            world.record(self.metadata["render_fps"], self._width, self._height)
        info = {
            "instruction": self._plan.instruction,
            "state_hash": world.state_hash(),
            "perception": self.perception,
        }
        return world.observe(), info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Run a program, let the world settle for 0.5 s, and judge.

        Raises:
            ResetNeeded: there was no reset, or the episode is over.
            TaskError: the action is no text that can be encoded, or longer than 20,000 characters.
        """
        plan, world, sandbox = self._running(), self._make_world(), self._make_sandbox()
        self._require_program(action)
        start = self._started(world)
        self._budget.turns += 1
        self._budget.spent = None
        execution = self._run(sandbox, world, action, self.on_event)
        if self.on_event is not None:
            self.on_event(Executed(execution))
        world.settle(SETTLE_S)
        before = self._judgement
        self._judgement, violations = self._judged(plan, start, world.snapshot(), world, execution.answer)
        success = self._judgement.success
        terminated = not self._open_ended and (success or execution.ended or bool(violations))
        limit = self._budget.reached(world.time_s)
        truncated = limit is not None and not terminated
        self._over = terminated or truncated
        info = {
            "success": success,
            "success_strict": self._judgement.success_strict,
            "score": self._judgement.score,
            "conditions": dict(self._judgement.conditions),
            "execution": execution,
            "violations": violations,
            "state_hash": world.state_hash(),
            "simulated_seconds": world.time_s,
            "turns": self._budget.turns,
            "calls": self._budget.calls,
            "answer": execution.answer,
            "finished": execution.ended,
            "limit": limit if truncated else None,
            "perception": self.perception,
            **getattr(world, "figures", dict)(),
        }
        return self._observation(execution, world), self._judgement.score - before.score, terminated, truncated, info

    def render(self) -> Any:
        """See `render_mode`. Frames are uint8 of shape (height, width, 3)."""
        if self.render_mode is None:
            gymnasium.logger.warn(
                "render() was called without a render_mode; gymnasium.make(id, render_mode='rgb_array')"
            )
            return None
        world = self._make_world()
        if self._plan is None:
            raise ResetNeeded("there is nothing to render before the first reset()")
        if self.render_mode == "human":
            return None
        if self.render_mode == "rgb_array":
            return world.render(self._width, self._height)
        frames, self._frames = self._frames + world.take_frames(), []
        return frames

    def close(self) -> None:
        """End the sandbox and the world. May be called again."""
        sandbox, world = self._sandbox, self._world
        self._sandbox = self._world = self._tools = self._plan = None
        self._over = True
        try:
            if sandbox is not None:
                sandbox.close()
        finally:
            if world is not None:
                world.close()

    def interrupt(self) -> None:
        """From any thread: bring the robot to rest and end the running program; `step` returns as after an error."""
        world = self._world
        if world is not None:
            world.stop()
        while (sandbox := self._rehearsal or self._sandbox) is not None and not sandbox.interrupt() and self._acting:
            time.sleep(_AGAIN_S)  # the program is about to be sent

    def emergency_stop(self) -> None:
        """From any thread: as `interrupt`, and no later program moves the robot until `end_emergency` or a reset."""
        world = self._world
        if world is not None:
            getattr(world, "emergency_stop", world.stop)()
        self.interrupt()

    def end_emergency(self) -> None:
        """Allow motions again after an `emergency_stop`."""
        world = self._make_world()
        getattr(world, "end_emergency", world.resume)()

    # State

    def state_hash(self) -> str:
        """SHA-256, in hex, over the world's exact state."""
        self._episode()
        return self._make_world().state_hash()

    def save_state(self) -> EnvState:
        """The world and the episode's counters. Variables of programs are not included; `branch` takes them along."""
        plan, world = self._episode(), self._make_world()
        turns, calls = self._budget.turns, self._budget.calls
        return EnvState(world.save_state(), plan, self._start, self._judgement, turns, calls, self._over)

    def restore_state(self, state: EnvState) -> None:
        """Go back to a state that this environment saved, in this or an earlier episode. Variables stay as they are."""
        self._make_world().restore_state(state.world)
        self._plan, self._start, self._judgement = state.plan, state.start, state.judgement
        self._budget.turns, self._budget.calls, self._over = state.turns, state.calls, state.over

    @property
    def sandbox(self) -> Sandbox:
        """The session that this episode's programs run in. To look at its variables; `step` runs programs."""
        return self._make_sandbox()

    def checkpoint(self) -> Checkpoint:
        """The episode as it stands, the programs' variables included, for `return_to`. Close what is not used."""
        return Checkpoint(self.save_state(), self._make_sandbox().branch())

    def return_to(self, checkpoint: Checkpoint) -> None:
        """Go back to a checkpoint of this environment, which is used up by that.

        Raises:
            TaskError: it was used or closed before.
        """
        variables = checkpoint.take()
        self.restore_state(checkpoint.state)
        if self._sandbox is not None:
            self._sandbox.close()
        self._sandbox = variables

    def branch(self) -> CodeEnv:
        """Another environment in the same state, the programs' variables included, with a future of its own.

        The caller closes it. It does not film, asks the same approval policy and tells nobody of its events.
        """
        plan, world, sandbox = self._episode(), self._make_world(), self._make_sandbox()
        self._started(world)
        other = CodeEnv(
            self.task,
            render_mode="rgb_array" if self.render_mode else None,
            limits=self._limits,
            values=self._values,
            names=self._names,
            extra_tools=self._extra_tools,
            width=self._width,
            height=self._height,
            without=self._without,
            open_ended=self._open_ended,
        )
        other.spec = self.spec
        other.approve = self.approve
        other.np_random.bit_generator.state = self.np_random.bit_generator.state
        other._np_random_seed = self._np_random_seed
        other._world = world.branch()
        other._tools = other._make_tools(other._world)
        other._sandbox = sandbox.branch(toolbox=other._tools)
        other._sandbox.approve = other._review
        other._plan, other._start, other._judgement = plan, self._start, self._judgement
        other._budget.turns, other._budget.calls, other._over = self._budget.turns, self._budget.calls, self._over
        return other

    def rehearse(self, code: str) -> Rehearsal:
        """Run a program in a branch of the variables, look at the outcome, and undo everything.

        The world, the variables, the counters and the frames are as before. Extra tools that do more than read are
        refused, because what they change cannot be undone; the approval policy is asked as ever; no event is told.

        Raises:
            ResetNeeded: there was no reset, or the episode is over.
            TaskError: the code is no text that can be encoded, or longer than 20,000 characters.
        """
        plan, world, sandbox = self._running(), self._make_world(), self._make_sandbox()
        self._require_program(code)
        start, spent = self._started(world), self._budget.spent
        saved, began = self.save_state(), world.time_s
        filming = self.render_mode == "rgb_array_list"
        if filming:
            self._frames += world.take_frames()
            world.record(None, self._width, self._height)
        self._unrehearsed = None
        try:
            with sandbox.branch() as self._rehearsal:
                execution = self._run(self._rehearsal, world, code, None)
            world.settle(SETTLE_S)
            now = world.snapshot()
            judgement, violations = self._judged(plan, start, now, world, execution.answer)
            return Rehearsal(
                execution=execution,
                success=judgement.success,
                success_strict=judgement.success_strict,
                score=judgement.score,
                violations=violations,
                state_hash=world.state_hash(),
                simulated_seconds=world.time_s - began,
                contacts=getattr(now, "contacts", frozenset()),
                unrehearsed=self._unrehearsed,
            )
        finally:
            self._rehearsal, self._budget.spent = None, spent
            self.restore_state(saved)
            if filming:
                world.record(self.metadata["render_fps"], self._width, self._height)
                world.take_frames()  # recording begins with a frame of the scene as it is, which was taken before

    # Parts, made when they are first needed

    def _make_world(self) -> World:
        if self._world is None:
            self._world = self.task.make_world()
        return self._world

    def _make_tools(self, world: World) -> Toolbox:
        extra = [self._extra_tools] if self._extra_tools is not None else []
        shown: Callable[[Toolbox], Toolbox] | None = getattr(self.task, "shown", None)
        own = world.toolbox if shown is None else shown(world.toolbox)
        if self._names is not None:
            own = renamed(own, self._names, self.task)
        return own.with_tools(*extra, finish_tool())

    def _with_names(self, program: str) -> str:
        return program if self._names is None else self.tools.renaming.program(program)

    def _make_sandbox(self) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = Sandbox(self.tools, limits=self._limits, approve=self._review, without=self._without)
        return self._sandbox

    # One turn

    def _episode(self) -> Plan:
        if self._plan is None:
            raise ResetNeeded("call reset() first: there is no episode yet")
        return self._plan

    def _running(self) -> Plan:
        plan = self._episode()
        if self._over:
            raise ResetNeeded("the episode is over: call reset() to begin another")
        return plan

    def _require_program(self, action: object) -> None:
        if not self.action_space.contains(action):
            kind = f"{len(action):,} characters" if isinstance(action, str) else type(action).__name__
            raise TaskError(
                f"an action is a program: a str of at most {MAX_PROGRAM:,} encodable characters, not {kind}"
            )

    def _started(self, world: World) -> Any:
        """The snapshot of the episode's beginning, taken before the first program runs."""
        if self._start is None:
            self._start = world.snapshot()
        return self._start

    def _run(self, sandbox: Sandbox, world: World, code: str, on_event: EventSink | None) -> Execution:
        self._acting = True
        try:
            world.resume()
            return sandbox.run(code, on_event=on_event)
        except BaseException:  # Ctrl-C, or a sink that raises: nothing may go on moving
            world.stop()
            raise
        finally:
            self._acting = False

    def _review(self, call: PendingCall) -> Approval:
        """The budget first, then the user's policy."""
        if call.tool == "finish":
            return None
        if (refusal := self._budget.refusal(self._make_world().time_s)) is not None:
            return refusal
        self._budget.calls += 1
        if self._rehearsal is not None and call.effect != "read" and call.tool in self.outside_tools:
            self._unrehearsed = self._unrehearsed or call.tool
            return Refusal(f"{call.tool} may change things outside the simulation, which a rehearsal could not undo")
        return None if self.approve is None else self.approve(call)

    def _judged(
        self, plan: Plan, start: Any, now: Any, world: World, answer: str | None
    ) -> tuple[Judgement, tuple[str, ...]]:
        """How well the state does, and what it broke: who broke something has not succeeded."""
        judgement = self.task.judge(plan, start, now, answer)
        violations = self.task.breaches(plan, start, now, world.violations)
        if violations and judgement.success:
            judgement = Judgement(False, False, _FAILED_SHARE * judgement.score, judgement.conditions)
        return judgement, violations

    @staticmethod
    def _observation(execution: Execution, world: World) -> str:
        said = execution.observation()
        text = f"{said}\n\n{world.observe()}" if said else world.observe()
        return text if len(text) <= MAX_OBSERVATION else text[-MAX_OBSERVATION:]


_NOTHING = Judgement(success=False, success_strict=False, score=0.0)
_FAILED_SHARE = 0.95  # of the score that a success is left with when it broke a hard constraint


__all__ = ["Checkpoint", "CodeEnv", "EnvState", "Rehearsal"]
