"""The simulated table as a `World`: drawn scenes in, text and snapshots out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.errors import TaskError
from codeact_envs.tasks.scene import Placed
from codeact_envs.tasks.snapshot import ROBOT, TABLE, Body, Snapshot
from codeact_envs.tasks.specification import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codeact.tools import Toolbox
    from codeact_envs.bullet import BulletWorld
    from codeact_envs.bullet.world_state import WorldState

_TOUCHING = 1e-3  # metres between surfaces that count as touching
_HEADING = "On the table (centres in metres; x forward, y left, z up from the table top, seen from the robot):"


@dataclass(frozen=True)
class _State:
    bullet: WorldState
    perceived: Any  # what the perception's `recall` takes


class TabletopWorld:
    """A robot at a table in PyBullet. Implements `codeact_envs.tasks.World`.

    Args:
        kinds: every body that some episode needs, by slot.
        robot: a name in `codeact_envs.bullet.robots`, or the path of a YAML description.
        perception: the tier in which programs see the table: `privileged`, `noisy` or `camera`.
        tier: of the tools that programs get, `high` or `low`.
        bullet: a world that has these bodies already; without it one is made.

    Raises:
        TaskError: pybullet is not installed, or there is no such tier.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        robot: str = "panda",
        perception: str = "privileged",
        tier: str = "high",
        bullet: BulletWorld | None = None,
    ) -> None:
        try:
            from codeact_envs.bullet import BodySpec, BulletWorld
            from codeact_envs.bullet.perception.view import perceive
            from codeact_envs.bullet.toolboxes import arm_toolbox
        except ModuleNotFoundError as error:
            raise TaskError(f"robot tasks need {error.name}: pip install 'codeact[bullet]'") from error
        self._kinds = dict(kinds)
        if bullet is None:
            bodies = [
                BodySpec(slot, kind.shape, (kind.size[0], kind.size[1], kind.size[2]), kind.mass)
                for slot, kind in self._kinds.items()
            ]
            bullet = BulletWorld(bodies, robot=robot)
        self.bullet = bullet
        self._perception = perceive(perception, bullet)
        self._tier = tier
        self.toolbox: Toolbox = arm_toolbox(bullet, self._perception, tier)

    # Episodes

    def reset(self, setup: Sequence[Placed]) -> None:
        from codeact_envs.bullet import Placement

        self.bullet.reset([Placement(body.slot, body.name, body.position, body.yaw, body.color) for body in setup])
        self._perception.reset()

    @property
    def time_s(self) -> float:
        return self.bullet.time_s

    @property
    def violations(self) -> tuple[str, ...]:
        return self.bullet.violations

    def settle(self, seconds: float) -> None:
        self._perception.settle(seconds)

    def stop(self) -> None:
        self.bullet.stop()

    def emergency_stop(self) -> None:
        self.bullet.emergency_stop()

    def end_emergency(self) -> None:
        self.bullet.end_emergency()

    def resume(self) -> None:
        if not self.bullet.emergency:
            self.bullet.resume()

    # Looking

    def observe(self) -> str:
        perception, lines = self._perception, []
        held: str | None
        if self._tier == "low" and perception.tier == "camera":  # nothing but the program finds things in pictures
            held = "something" if self.bullet.held() else None
        else:
            lines.append(_HEADING)
            for name in perception.names():
                x, y, z = perception.pose(name).position
                lines.append(f"  {name}: x={x:.3f} y={y:.3f} z={z:.3f}")
            held = perception.held()
        x, y, z = self._tool()
        lines.append(f"Gripper at x={x:.3f} y={y:.3f} z={z:.3f}, holding {held or 'nothing'}.")
        return "\n".join(lines).replace("=-0.000", "=0.000")

    def snapshot(self) -> Snapshot:
        world = self.bullet
        bodies = {}
        for name in world.names():
            pose = world.pose(name)
            shape = world.spec(name).shape
            bodies[name] = Body(name, world.color(name), shape, world.size(name), pose.position, pose.quaternion)
        return Snapshot(bodies, self._tool(), world.held(), self._contacts())

    def _tool(self) -> tuple[float, float, float]:
        """The tool centre point as measured, metres, world frame."""
        x, y, z = self.bullet.controller.kinematics.forward(self.bullet.arm.positions())[:3, 3].tolist()
        return (x, y, z)

    def _contacts(self) -> frozenset[tuple[str, str]]:
        world, simulation = self.bullet, self.bullet.simulation
        others = {world.arm.body: ROBOT, world.table: TABLE}
        points: Any = simulation.bullet.getContactPoints(physicsClientId=simulation.client)
        pairs = set()
        for point in points:
            a, b = (others.get(number) or world.name_of(number) for number in (point[1], point[2]))
            if a is not None and b is not None and point[8] < _TOUCHING:
                pairs.add((a, b) if a <= b else (b, a))
        return frozenset(pairs)

    # State

    def state_hash(self) -> str:
        return self.bullet.state_hash()

    def save_state(self) -> Any:
        return _State(self.bullet.save_state(), self._perception.memory())

    def restore_state(self, state: Any) -> None:
        self.bullet.restore_state(state.bullet)
        self._perception.recall(state.perceived)

    def branch(self) -> TabletopWorld:
        other = TabletopWorld(
            self._kinds, perception=self._perception.tier, tier=self._tier, bullet=self.bullet.branch()
        )
        other._perception.recall(self._perception.memory())
        return other

    # Pictures

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        return self.bullet.render(width, height)

    def record(self, fps: int | None, width: int, height: int) -> None:
        self.bullet.record(fps, width, height)

    def take_frames(self) -> list[NDArray[np.uint8]]:
        return self.bullet.take_frames()

    def close(self) -> None:
        self.bullet.close()
