"""The process that plays episodes for an evaluation: `python -m codeact.evaluation.worker`, started by `pool`.

It reads one JSON object a line from standard input and answers each with one line, with its number: first the setup,
then jobs. Its model is loaded once and its environments stay open. Where the model writes several replies at once, as
many episodes are played at once, each in a thread with environments of its own, so that its rows fill. When standard
input ends, because the evaluation is over or was killed, it exits.
"""

from __future__ import annotations

import faulthandler
import hashlib
import json
import os
import queue
import signal
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import gymnasium

    from codeact.agent import Agent
    from codeact.events import Event
    from codeact.models import Model

OPEN_ENVIRONMENTS = 4
"""Jobs come task by task; a scene takes about 100 MB. Of several that play at once, each has at least one."""
EXIT_SECONDS = 0.5
"""How long the work at hand may go on after standard input ended."""


class Serves(Protocol):
    """What does the jobs of a worker process, one after the other. It is made from the setup, and raises when it cannot
    be.

    With `at_once` above 1, so many do jobs at the same time, each in a thread: this one and those that `beside` makes.
    """

    def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """The reply to a job."""
        ...

    def close(self) -> None:
        """Nothing more will come."""
        ...


@runtime_checkable
class ServesSeveral(Serves, Protocol):
    """What can have others beside it."""

    @property
    def at_once(self) -> int: ...

    def beside(self) -> Serves:
        """Another one, which shares what can be shared."""
        ...


def main() -> None:
    """Play episodes until standard input ends."""
    serve(Player)


def serve(make: Callable[[dict[str, Any]], Serves]) -> None:
    """Do jobs until standard input ends.

    Args:
        make: makes what does them, from the setup, after its `path` was added to `sys.path`.
    """
    from codeact.episode.schema import encodable

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the evaluation decides what to do
    faulthandler.enable()
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what libraries print must not get between the replies
    jobs: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def read() -> None:
        for line in requests:
            jobs.put(json.loads(line))
        jobs.put(None)
        threading.Timer(EXIT_SECONDS, os._exit, [0]).start()

    threading.Thread(target=read, name="requests", daemon=True).start()

    writing = threading.Lock()

    def reply(number: int, value: dict[str, Any]) -> None:
        line = json.dumps(encodable({"number": number, "reply": value})).encode() + b"\n"
        with writing:
            replies.write(line)
            replies.flush()

    first = jobs.get()
    if first is None:
        return
    number, setup = first["number"], first["request"]
    sys.path.extend(folder for folder in setup["path"] if folder not in sys.path)
    try:
        player = make(setup)
    except Exception as error:
        reply(number, {"error": f"{type(error).__name__}: {error}"})
        return
    several = player.at_once if isinstance(player, ServesSeveral) else 1
    reply(number, {"at_once": several})

    def work(lane: Serves) -> None:
        while (job := jobs.get()) is not None:
            reply(job["number"], lane.do(job["request"]))
        jobs.put(None)  # for the next one
        lane.close()

    lanes = [player.beside() for _ in range(several - 1)] if isinstance(player, ServesSeveral) else []
    threads = [threading.Thread(target=work, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    work(player)
    for thread in threads:
        thread.join()
    with suppress(BrokenPipeError):
        replies.close()
    os._exit(0)


class Player:
    """Plays jobs, keeping agents and environments.

    Args:
        setup: what the evaluation asks for.
        models: those that are loaded already, by the name of their agent.
    """

    def __init__(self, setup: dict[str, Any], models: dict[str, Model] | None = None) -> None:
        self._setup = setup
        self._models: dict[str, Model] = {} if models is None else models
        from codeact.agent import AgentSettings

        self.settings = AgentSettings.of_data(setup["settings"]) if setup["settings"] else AgentSettings()
        self.options: dict[str, str] = setup["options"]
        self.traces = Path(setup["traces"]) if setup["traces"] else None
        self.agents: dict[str, Agent] = {}
        self.environments: OrderedDict[str, gymnasium.Env[Any, Any]] = OrderedDict()
        for name in setup["agents"]:
            self.agent(name)

    @property
    def at_once(self) -> int:
        """As many as its model writes replies at once."""
        return max([1, *(int(getattr(model, "rows", 1)) for model in self._models.values())])

    def beside(self) -> Player:
        """Another one with agents and environments of its own, and the same models."""
        return Player(self._setup, self._models)

    def do(self, job: dict[str, Any]) -> dict[str, Any]:
        """The reply to a job: `{"result": ...}`, or `{"error": ...}` when it broke."""
        work: Callable[[dict[str, Any]], Any] = {"episode": self.episode, "check_env": self.check_env}[job["kind"]]
        try:
            return {"result": work(job)}
        except Exception as error:
            self.drop(job["task"])  # an environment that failed once is not trusted with the next episode
            return {"error": f"{type(error).__name__}: {error}"}

    def episode(self, job: dict[str, Any]) -> dict[str, Any]:
        import msgspec

        from codeact.episode import play
        from codeact.episode.schema import value_of
        from codeact.episode.trace import installed_packages
        from codeact.evaluation.agents import told_settings
        from codeact.evaluation.results import EpisodeResult, Times

        agent, env = self.agent(job["agent"]), self.environment(job["task"])
        trajectory = Trajectory(env.unwrapped)
        sinks: list[Callable[[Event], None]] = [trajectory]
        writer = self.writer(env, job, agent)
        if writer is not None:
            sinks.append(writer)

        def tell(event: Event) -> None:
            for sink in sinks:
                sink(event)

        try:
            episode = play(agent, env, job["seed"], on_event=tell)
        finally:
            if writer is not None:
                writer.close()
        result = EpisodeResult(
            task=job["task"],
            seed=job["seed"],
            agent=job["agent"],
            settings={**told_settings(self.settings), **self.options},
            tier=tier_of(env),
            success=episode.success,
            score=episode.score,
            turns=episode.turns,
            calls=episode.calls,
            prompt_tokens=episode.prompt_tokens,
            completion_tokens=episode.completion_tokens,
            violations=[str(each) for each in episode.violations],
            reason=episode.reason,
            answer=value_of(episode.answer),
            simulated_seconds=episode.simulated_seconds,
            state_hash=episode.state_hash,
            trajectory=trajectory.digest(),
            codeact=installed_packages()["codeact"],
            times=Times(seconds=round(episode.seconds, 6), ended=datetime.now(UTC).isoformat(timespec="seconds")),
        )
        reply: dict[str, Any] = msgspec.to_builtins(result)
        return reply

    def check_env(self, job: dict[str, Any]) -> list[str]:
        """Gymnasium's own checker on a fresh environment. Returns its warnings; an environment that fails raises."""
        import warnings

        from gymnasium.utils.env_checker import check_env

        from codeact.evaluation.selection import make_environment

        env = make_environment(job["task"], self.options)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                check_env(env.unwrapped)
        finally:
            env.close()
        return list(dict.fromkeys(str(warning.message) for warning in caught))

    def agent(self, name: str) -> Agent:
        from codeact.agent import CodeActAgent

        if name not in self.agents:
            from codeact.evaluation.agents import has_model, make_agent

            settings = self.settings if has_model(name) else None
            agent = self.agents[name] = make_agent(name, settings, model=self._models.get(name))
            if isinstance(agent, CodeActAgent):
                self._models[name] = agent.model
        return self.agents[name]

    def environment(self, task: str) -> gymnasium.Env[Any, Any]:
        if task not in self.environments:
            from codeact.evaluation.selection import make_environment

            while len(self.environments) >= max(1, OPEN_ENVIRONMENTS // self.at_once):
                self.environments.popitem(last=False)[1].close()
            self.environments[task] = make_environment(task, self.options)
        self.environments.move_to_end(task)
        return self.environments[task]

    def drop(self, task: str) -> None:
        env = self.environments.pop(task, None)
        if env is not None:
            with suppress(Exception):
                env.close()

    def close(self) -> None:
        for task in list(self.environments):
            self.drop(task)

    def writer(self, env: gymnasium.Env[Any, Any], job: dict[str, Any], agent: Agent) -> Any:
        if self.traces is None:
            return None
        from codeact.episode import TraceWriter, head_of
        from codeact.evaluation.pool import trace_name

        path = self.traces / trace_name(job["task"], job["seed"])
        path.unlink(missing_ok=True)
        return TraceWriter(path, head_of(env, seed=job["seed"], agent=agent.name))


class Trajectory:
    """An `EventSink` that hashes the way of the world: after the reset, each physical call and each step."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._hash = hashlib.sha256()
        self._any = False

    def __call__(self, event: Event) -> None:
        from codeact import events

        if isinstance(event, (events.EpisodeStarted, events.Stepped)):
            self._add(event.state_hash)
        elif isinstance(event, events.CallFinished) and event.call.effect == "physical":
            self._add(self._world.state_hash())

    def _add(self, state_hash: str | None) -> None:
        if state_hash is not None:
            self._any = True
            self._hash.update(state_hash.encode() + b"\n")

    def digest(self) -> str | None:
        """None when the world gave no hash at all."""
        return self._hash.hexdigest() if self._any else None


def tier_of(env: gymnasium.Env[Any, Any]) -> str | None:
    """API and perception tier, what perturbs the episodes, and what else differs from the usual, as the environment
    states it."""
    world: Any = env.unwrapped
    tier = getattr(world, "tier", None) or getattr(getattr(world, "task", None), "tier", None)
    perturbations = getattr(getattr(world, "task", None), "perturbations", ())
    variations = getattr(world, "variations", ())
    stated = [str(part) for part in (tier, getattr(world, "perception", None), *perturbations, *variations) if part]
    return ", ".join(stated) or None


if __name__ == "__main__":
    main()
