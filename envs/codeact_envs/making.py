"""What Gymnasium calls for a registered task: one id, and the kind of action chooses the environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codeact.errors import TaskError

if TYPE_CHECKING:
    from codeact_envs.code_env import CodeEnv
    from codeact_envs.control_env import ControlEnv
    from codeact_envs.tasks import RobotTask, Task

ACTIONS = ("code", "cartesian", "joint")


class EnvMaker:
    """Makes the environment of a task. Gymnasium reads `metadata` before it calls."""

    metadata = {"render_modes": ["human", "rgb_array", "rgb_array_list"], "render_fps": 20}  # noqa: RUF012

    def __call__(
        self,
        task: str | Task,
        *,
        action: str = "code",
        robot: str | None = None,
        perturb: str | Sequence[str] | None = None,
        **options: Any,
    ) -> CodeEnv | ControlEnv:
        """A `CodeEnv`, whose action is a program; for `cartesian` and `joint` a `ControlEnv`, whose action is an array.

        Args:
            robot: another one of those that the task is made for, such as `kuka_iiwa`; None for the task's own.
            perturb: what goes otherwise than planned in each episode, as names or as text such as `push,dynamics`: see
                `docs/tasks.md`.

        Raises:
            TaskError: there is no such action, the task is not made for that robot or cannot be perturbed so, or an
                option is wrong.
        """
        if robot is not None:
            task = _robot_task(task, f"robot={robot!r}").equipped(robot)
        if perturb is not None:
            task = _robot_task(task, f"perturb={perturb!r}").perturbed(perturb)
            if action != "code" and "failed_grasp" in task.perturbations:
                raise TaskError("the fingers follow every action: perturb without failed_grasp, or act by code")
        if action == "code":
            from codeact_envs.code_env import CodeEnv

            return CodeEnv(task, **options)
        if action in ACTIONS:
            from codeact_envs.control_env import ControlEnv

            return ControlEnv(task, action="joint" if action == "joint" else "cartesian", **options)
        raise TaskError(f"action must be one of {', '.join(ACTIONS)}, not {action!r}")

    @staticmethod
    def describe(task: str, **_: Any) -> dict[str, str]:
        """See `CodeEnv.describe`."""
        from codeact_envs.code_env import CodeEnv

        return CodeEnv.describe(task)


def _robot_task(task: str | Task, option: str) -> RobotTask:
    from codeact_envs.tasks import RobotTask, load_task

    found = load_task(task) if isinstance(task, str) else task
    if not isinstance(found, RobotTask):
        raise TaskError(f"the task {found.name!r} has no robot; leave out {option}")
    return found


make_env = EnvMaker()
