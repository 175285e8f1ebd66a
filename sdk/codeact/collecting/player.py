"""Plays the episodes of a collection, and says of each whether its conversation is worth keeping."""

from __future__ import annotations

import hashlib
import random
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from codeact.collecting.faults import Faulty, stopped_midway
from codeact.collecting.recording import ListeningModel, RecordingModel, Said, in_tags
from codeact.collecting.records import VERSION
from codeact.collecting.recovering import TRIED, recoveries
from codeact.collecting.source import Source
from codeact.collecting.suite import Job
from codeact.errors import CodeActError

if TYPE_CHECKING:
    import gymnasium

    from codeact.episode import Episode
    from codeact.models.protocol import Model

OPEN_ENVIRONMENTS = 6
"""A scene takes about 100 MB; episodes of one task follow one another."""


@dataclass(frozen=True)
class Played:
    """An episode, and what was said in it."""

    episode: Episode
    messages: list[dict[str, Any]]
    all_said: bool

    @property
    def stumbled(self) -> bool:
        """Whether the first program ended in an error."""
        from codeact.events import Executed

        first = next((event.execution for event in self.episode.trace if isinstance(event, Executed)), None)
        return first is not None and first.error is not None

    @property
    def good(self) -> bool:
        """A verified success without a broken rule, and not before the last reply."""
        return self.episode.success and not self.episode.violations and self.all_said


class Dropped(Exception):
    """There is no conversation worth keeping; the message says why."""


class Player:
    """Plays jobs, keeping environments open.

    Args:
        setup: how: `stubs`, `format`, and for a model `model`, `temperature` and `max_tokens`.
    """

    def __init__(self, setup: dict[str, Any]) -> None:
        self.setup = setup
        self.model: Model | None = None
        self.environments: OrderedDict[str, gymnasium.Env[Any, Any]] = OrderedDict()

    def do(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a job: `{"kept": ...}`, `{"dropped": why}`, or `{"error": why}` if others would fail, too."""
        job = msgspec.convert(request, Job)
        try:
            self.environment(job.task, job.options)
        except CodeActError as error:
            return {"error": str(error)}
        try:
            return {"kept": self.conversation(job)}
        except Dropped as why:
            return {"dropped": str(why)}
        except Exception as error:
            self.drop(self.key(job.task, job.options))  # one that failed once is not trusted with the next episode
            return {"dropped": f"error: {type(error).__name__}: {error}"}

    def conversation(self, job: Job) -> dict[str, Any]:
        """Play a job.

        Raises:
            Dropped: what came of it is not worth keeping.
        """
        env = self.environment(job.task, job.options)
        if "model" in self.setup:
            return self.sampled(job, env)
        env.reset(seed=job.seed)
        program = str(env.unwrapped.oracle()).strip()  # type: ignore[attr-defined]
        if job.faulty and self.setup["format"] == "code" and (found := self.recovered(job, program)) is not None:
            return found
        played = self.play(env, job.seed, [Said(in_tags(program))], "code")
        if not played.good:
            raise Dropped("the reference program did not succeed")
        if self.setup["format"] != "code":
            played = self.call_by_call(env, job.seed, played)
        return self.record(job, env, played, program=program, source="oracle")

    def recovered(self, job: Job, program: str) -> dict[str, Any] | None:
        """A conversation in which something goes wrong first; None when none of those tried ends well."""
        env = self.environment(job.task, job.options)
        effects = {name: tool.effect for name, tool in env.unwrapped.tools.tools.items()}  # type: ignore[attr-defined]
        others: dict[str, str | Faulty] = {"opposite": str(env.unwrapped.opposite()).strip()}  # type: ignore[attr-defined]
        if (midway := stopped_midway(Source(program, effects), dice(job))) is not None:
            others["stopped_midway"] = midway
        if "names" in job.options:
            usual = self.environment(job.task, {**job.options, "names": None})
            usual.reset(seed=job.seed)
            others["usual_names"] = str(usual.unwrapped.oracle()).strip()  # type: ignore[attr-defined]
        tried = 0
        for way in recoveries(program, effects, others, dice(job)):
            options = job.options if way.perturb is None else {**job.options, "perturb": way.perturb}
            try:
                env = self.environment(job.task, options)
            except CodeActError:
                continue  # nothing of that kind can go wrong there
            tried += 1
            played = self.play(env, job.seed, way.replies)
            if played.good and not (way.replies[0].learn and played.stumbled):
                return self.record(job, env, played, program=program, source="oracle", fault=way.kind)
            if tried == TRIED:
                break
        return None

    def sampled(self, job: Job, env: gymnasium.Env[Any, Any]) -> dict[str, Any]:
        """A conversation of a model.

        Raises:
            Dropped: it did not succeed.
        """
        from codeact.agent import CodeActAgent
        from codeact.episode import play
        from codeact.events import ActionChosen, Executed

        if self.model is None:
            from codeact.models import load_model

            self.model = load_model(self.setup["model"])
        listening = ListeningModel(self.model)
        limits = {"max_tokens": self.setup["max_tokens"]} if self.setup["max_tokens"] else {}
        agent = CodeActAgent(
            listening,
            stubs=self.setup["stubs"],
            action_format=self.setup["format"],
            temperature=self.setup["temperature"],
            seed=1000 * job.attempt,
            **limits,
        )
        episode = play(agent, env, job.seed)
        if not episode.success or episode.violations:
            raise Dropped(f"no success: {episode.reason}")
        programs = [event.code for event in episode.trace if isinstance(event, ActionChosen)]
        executions = [event.execution for event in episode.trace if isinstance(event, Executed)]
        fine = {program for program, each in zip(programs, executions, strict=False) if each.error is None}
        played = Played(episode, listening.conversation(fine.__contains__, agent.action_format), True)
        broken = any(each.error is not None for each in executions)
        fault = "its own" if broken else None
        return self.record(job, env, played, program=programs[-1], source=self.setup["model"], fault=fault)

    def call_by_call(self, env: gymnasium.Env[Any, Any], seed: int, played: Played) -> Played:
        """The calls of an episode, made again one a turn.

        Raises:
            Dropped: there are too many, or the episode does not end as it did.
        """
        from codeact.collecting.calls import MOST_CALLS, replies_of

        replies = replies_of(played.episode, self.setup["format"])
        if len(replies) > MOST_CALLS:
            raise Dropped(f"more than {MOST_CALLS} calls")
        again = self.play(env, seed, [Said(reply) for reply in replies])
        if not again.good:
            raise Dropped(f"its calls alone do not succeed: {again.episode.reason}")
        return again

    def play(
        self, env: gymnasium.Env[Any, Any], seed: int, replies: Sequence[Said], action_format: str | None = None
    ) -> Played:
        """An episode in which the agent's model gives these replies."""
        from codeact.agent import CodeActAgent
        from codeact.episode import play

        model = RecordingModel(replies, stubs=self.setup["stubs"])
        agent = CodeActAgent(model, action_format=action_format or self.setup["format"], max_turns=len(replies) + 1)
        episode = play(agent, env, seed)
        return Played(episode, model.conversation(), model.all_said)

    def record(
        self,
        job: Job,
        env: gymnasium.Env[Any, Any],
        played: Played,
        *,
        program: str,
        source: str,
        fault: str | None = None,
    ) -> dict[str, Any]:
        """A line of the data."""
        from codeact.episode.schema import value_of
        from codeact.episode.trace import installed_packages
        from codeact.evaluation.worker import tier_of
        from codeact.events import CallFinished

        episode = played.episode
        calls = [event.call for event in episode.trace if isinstance(event, CallFinished)]
        if not any(call.tool != "finish" for call in calls):
            raise Dropped("trivial: no tool was called")
        return {
            "version": VERSION,
            "number": job.number,
            "messages": played.messages,
            "task": job.task,
            "seed": job.seed,
            "values": job.options.get("values", "seen"),
            "phrasing": job.options.get("phrasing", "usual"),
            "names": job.options.get("names"),
            "fault": fault,
            "attempt": job.attempt,
            "reward": episode.total_reward,
            "turns": episode.turns,
            "calls": [{"tool": call.tool, "arguments": value_of(call.arguments), "ok": call.ok} for call in calls],
            "violations": [str(each) for each in episode.violations],
            "tier": tier_of(env),
            "format": self.setup["format"],
            "stubs": self.setup["stubs"],
            "program_sha256": hashlib.sha256(program.encode()).hexdigest(),
            "state_hash": episode.state_hash,
            "source": source,
            "codeact": installed_packages()["codeact"],
        }

    def environment(self, task: str, options: dict[str, Any]) -> gymnasium.Env[Any, Any]:
        """The environment of a task with these options."""
        from codeact.evaluation.selection import make_environment

        key = self.key(task, options)
        if key not in self.environments:
            while len(self.environments) >= OPEN_ENVIRONMENTS:
                self.drop(next(iter(self.environments)))
            self.environments[key] = make_environment(task, options)
        self.environments.move_to_end(key)
        return self.environments[key]

    @staticmethod
    def key(task: str, options: dict[str, Any]) -> str:
        """Tells environments apart."""
        return f"{task} {sorted(options.items())}"

    def drop(self, key: str) -> None:
        """Close an environment."""
        env = self.environments.pop(key, None)
        if env is not None:
            with suppress(Exception):
                env.close()

    def close(self) -> None:
        """Close all environments."""
        for key in list(self.environments):
            self.drop(key)


def dice(job: Job) -> random.Random:
    """The same chances for the same job, in any process and any order."""
    return random.Random(f"{job.task} {job.seed} {job.attempt} {sorted(job.options.items())}")
