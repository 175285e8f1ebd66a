"""`wrap` and `register`, and what Gymnasium calls for a registered environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from codeact.errors import TaskError
from codeact_envs.gym_tools.references import reference, referenced

if TYPE_CHECKING:
    from codeact_envs.code_env import CodeEnv
    from codeact_envs.gym_tools.task import GymTask
    from codeact_envs.gym_tools.world import Source

Success = Literal["return", "info"]

NAMESPACE = "CodeActGym"
ENTRY_POINT = "codeact_envs.gym_tools.making:make_env"


def wrap(
    environment: str,
    *,
    steps: int | None = None,
    threshold: float | None = None,
    program: str | None = None,
    success: Success | None = None,
    anew: bool | None = None,
    code_env: dict[str, Any] | None = None,
    **options: Any,
) -> CodeEnv:
    """A `CodeEnv` whose programs play one episode of a Gymnasium environment.

    Args:
        environment: its Gymnasium id, such as `FrozenLake-v1`; `package:Id-v0` imports the package first, which the
            packages of `docs/any-environment.md` do not need.
        steps: after how many steps an episode is cut off; None for the environment's own limit, else 1,000.
        threshold: the return that is a success; None for what is known of the environment (see `GymTask`).
        program: a reference program; None for the one of this package, if it has one.
        success: `return`: at the threshold; `info`: where the info of the last step says so (`is_success` or
            `success`); None for `info` where the observation has a goal and no threshold is known, else `return`.
        anew: see `Source`.
        code_env: keywords of `CodeEnv`, such as `{"render_mode": "rgb_array"}`.
        **options: keywords of `gymnasium.make`, for the environment itself.

    Raises:
        TaskError: there is no such environment, or it cannot be made here; the message has the reason.
    """
    from codeact.sandbox import Limits
    from codeact_envs.code_env import CodeEnv
    from codeact_envs.gym_tools.world import Source

    if steps is not None and steps < 1:
        raise TaskError(f"steps must be at least 1, not {steps}")
    if success not in (None, "return", "info"):
        raise TaskError(f"success must be 'return', 'info' or None, not {success!r}")
    task = _task(Source(environment, options, steps, anew), threshold, program)
    world = task.make_world()  # what is wrong is said here, not at the first reset
    told = world.goal_based and task.needed is None if success is None else success == "info"
    task = replace(task, told=told)
    limits = Limits(tool_s=600.0, calls=task.limits.tool_calls + 1)  # one program may play the whole episode
    try:
        env = CodeEnv(task, **{"limits": limits, **(code_env or {})})
    except BaseException:
        world.close()
        raise
    env._world = world  # some take seconds to make
    return env


def register(
    environment: str,
    *,
    namespace: str = NAMESPACE,
    steps: int | None = None,
    threshold: float | None = None,
    program: str | None = None,
    success: Success | None = None,
    anew: bool | None = None,
    **options: Any,
) -> str:
    """Register an environment for `gymnasium.make`, suites and the command line; returns the id. May be called again.

    Args:
        environment, steps, threshold, program, success, anew, **options: see `wrap`.
        namespace: of the id, which ends in the environment's own name: `CodeActGym/FrozenLake-v1`.
    """
    import gymnasium
    from gymnasium.envs import registration

    name = _id(namespace, environment)
    kwargs: dict[str, Any] = {"environment": environment, "steps": steps, "threshold": threshold, "program": program}
    kwargs |= {"success": success, "anew": anew, "options": options}
    gymnasium.registry.pop(name, None)
    with registration.namespace(namespace):  # while Gymnasium loads a plug-in, it would take the plug-in's instead
        gymnasium.register(name, entry_point=ENTRY_POINT, kwargs=kwargs)
    return name


def register_references() -> None:
    """Register each environment that there is a reference program for. May be called again."""
    import gymnasium

    for environment in referenced():
        if _id(NAMESPACE, environment) not in gymnasium.registry:
            register(environment)


class EnvMaker:
    """Makes the environment of a registered id. Gymnasium reads `metadata` before it calls."""

    metadata = {"render_modes": ["rgb_array", "rgb_array_list"], "render_fps": 20}  # noqa: RUF012

    def __call__(
        self,
        environment: str,
        steps: int | None,
        threshold: float | None,
        program: str | None,
        success: Success | None,
        anew: bool | None,
        options: dict[str, Any],
        **code_env: Any,
    ) -> CodeEnv:
        return wrap(
            environment,
            steps=steps,
            threshold=threshold,
            program=program,
            success=success,
            anew=anew,
            code_env=code_env,
            **options,
        )

    @staticmethod
    def describe(environment: str, **_: Any) -> dict[str, str]:
        """See `CodeEnv.describe`."""
        from codeact_envs.gym_tools.world import Source

        task = _task(Source(environment), None, None)
        return {"name": task.name, "title": task.title, "family": task.family, "tier": task.tier}


make_env = EnvMaker()


def _id(namespace: str, environment: str) -> str:
    return f"{namespace}/{environment.rpartition(':')[2].rpartition('/')[2]}"


def _task(source: Source, threshold: float | None, program: str | None) -> GymTask:
    from codeact_envs.gym_tools.task import GymTask

    known = reference(source.environment.rpartition(":")[2])
    if known is not None:
        threshold = known.threshold if threshold is None else threshold
        program = known.program if program is None else program
    return GymTask(source, threshold, program)
