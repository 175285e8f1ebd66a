"""A simulated robot as a `World`: drawn scenes in, text and snapshots out."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from codeact.errors import TaskError
from codeact_envs.scenes.specification import Kind
from codeact_envs.tasks.following import Followers, Setup
from codeact_envs.tasks.snapshot import ROBOT, Body, Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from codeact.tools import Toolbox
    from codeact_envs.bullet import BulletWorld
    from codeact_envs.bullet.engine.world_state import WorldState
    from codeact_envs.bullet.robots.description import Volume

_TOUCHING = 1e-3  # metres between surfaces that count as touching
# Metres to which a refusal tells places of bodies: as exactly as perception does, whose noise is 3 mm on each axis.
_TELLS_PLACES = {"privileged": 0.0, "noisy": 0.01, "camera": math.inf}


@dataclass(frozen=True)
class _State:
    bullet: WorldState
    perceived: Any  # what the perception's `recall` takes
    followers: Followers | None
    remembered: Mapping[str, Any]  # by them


class RobotWorld(ABC):
    """A robot in PyBullet, and what stands around it. Implements `codeact_envs.tasks.World`.

    Args:
        kinds: every body that some episode needs, by slot.
        robot: a name in `codeact_envs.bullet.robots`, or the path of a YAML description.
        perception: the tier in which programs see what is there: `privileged`, `noisy` or `camera`.
        tier: of the tools that programs get, `high` or `low`.
        bullet: a world that has these bodies already; without it one is made.
        keep_out: volumes that the robot may not enter, for a world that is made.
        speed_limit: metres per second that no point of an arm may exceed, for a world that is made.
        window: open Bullet's window and keep the pace of the clock, for a world that is made.

    Raises:
        TaskError: pybullet is not installed, or the robot has no such tier.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        robot: str,
        perception: str = "privileged",
        tier: str = "high",
        bullet: BulletWorld | None = None,
        keep_out: Sequence[Volume] = (),
        speed_limit: float = math.inf,
        window: bool = False,
    ) -> None:
        try:
            from codeact_envs.bullet import BodySpec, BulletWorld
            from codeact_envs.bullet.perception.view import perceive
            from codeact_envs.bullet.tools.toolboxes import robot_toolbox
        except ModuleNotFoundError as error:
            raise TaskError(f"robot tasks need {error.name}: pip install 'codeact[bullet]'") from error
        self._kinds, self._robot = dict(kinds), robot
        if bullet is None:
            bodies = [BodySpec(slot, kind.shape, kind.extents, kind.mass) for slot, kind in self._kinds.items()]
            bullet = BulletWorld(
                bodies, robot=robot, gui=window, real_time=window, keep_out=keep_out, speed_limit=speed_limit
            )
        self.bullet = bullet
        self._perception = perceive(perception, bullet, named=tier == "high")
        bullet.tells_names, bullet.tells_places = perception != "camera", _TELLS_PLACES[perception]
        self._tier = tier
        self._followers: Followers | None = None
        self._remembered: Mapping[str, Any] = {}
        self.toolbox: Toolbox = robot_toolbox(bullet, self._perception, tier)

    # What differs

    @property
    @abstractmethod
    def heading(self) -> str:
        """What stands above the list of objects."""

    @property
    @abstractmethod
    def ground(self) -> str:
        """What `Snapshot.contacts` calls what everything stands on."""

    # Episodes

    def reset(self, setup: Setup) -> None:
        self._follow(None, {})
        self.bullet.reset([body.placement for body in setup.bodies], perturbation=setup.perturbation)
        self._perception.reset()
        if setup.followers is not None:
            self._follow(setup.followers, setup.followers.begin(self.snapshot()))

    def _follow(self, followers: Followers | None, remembered: Mapping[str, Any]) -> None:
        """Let these conditions see every moment from now on, going on from what they remember."""
        self._followers, self._remembered = followers, remembered
        self.bullet.simulation.sample = None if followers is None else self._sample
        self.bullet.gone = self._gone

    def _sample(self) -> None:
        assert self._followers is not None
        self._remembered = self._followers.follow(self._remembered, self.snapshot())

    def _gone(self) -> frozenset[str]:
        return frozenset() if self._followers is None else self._followers.gone(self._remembered)

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
        lines = self._told_objects()
        bullet, perception = self.bullet, self._perception
        if bullet.base is not None:
            x, y, yaw = bullet.base.pose()
            lines.append(f"Base at x={x:.3f} y={y:.3f}, heading {yaw:.3f} rad.")
        if bullet.drone is not None:
            x, y, z = bullet.drone.place()
            doing = "flying" if bullet.drone.flying else "rotors off"
            lines.append(f"Drone at x={x:.3f} y={y:.3f} z={z:.3f}, {doing}.")
        for name in bullet.arms:
            x, y, z = self._tool(name)
            held = perception.held(name)
            if held and not self._finds:
                held = "something"
            hand = f"{name.capitalize()} gripper" if len(bullet.arms) > 1 else "Gripper"
            lines.append(f"{hand} at x={x:.3f} y={y:.3f} z={z:.3f}, holding {held or 'nothing'}.")
        return "\n".join(lines).replace("=-0.000", "=0.000")

    def _told_objects(self) -> list[str]:
        if not self._finds:
            return []
        perception, lines = self._perception, [self.heading]
        for name in perception.names():
            x, y, z = perception.pose(name).position
            lines.append(f"  {name}: x={x:.3f} y={y:.3f} z={z:.3f}")
        return lines

    @property
    def _finds(self) -> bool:
        """Whether something else than the program finds things."""
        return self._perception.tier != "camera" or (self._tier == "high" and bool(self.bullet.arms))

    def snapshot(self) -> Snapshot:
        world = self.bullet
        bodies = {}
        for name in world.names():
            pose, spec = world.pose(name), world.spec(name)
            assembly = spec.assembly
            bodies[name] = Body(
                name,
                world.color(name),
                spec.shape,
                spec.size,
                pose.position,
                pose.quaternion,
                world.joint(name) if assembly.joint is not None else None,
                world.room(name) if assembly.hollow is not None else None,
            )
        holding = {arm: world.held(arm) for arm in world.arms}
        tools = {arm: self._tool(arm) for arm in world.arms}
        contacts, force = self._contacts({name for name in holding.values() if name is not None})
        return Snapshot(
            bodies,
            tool=next(iter(tools.values()), None),
            held=next((name for name in holding.values() if name is not None), None),
            contacts=contacts,
            force=force,
            base=world.base.pose() if world.base is not None else None,
            drone=world.drone.place() if world.drone is not None else None,
            tools=tools,
            holding=holding,
            time_s=world.time_s,
            remembered=self._remembered,
        )

    def _tool(self, arm: str | None = None) -> tuple[float, float, float]:
        """The tool centre point of an arm as measured, metres, world frame."""
        name = self.bullet.arm_name(arm)
        kinematics, carried = self.bullet.controllers[name].kinematics, self.bullet.arms[name]
        pose = kinematics.forward(carried.positions())
        if (
            self.bullet.base is not None
        ):  # the controller learns where the arm is carried to when it moves the next time
            pose = carried.base_pose() @ np.linalg.inv(kinematics.base) @ pose
        x, y, z = pose[:3, 3].tolist()
        return (x, y, z)

    def _contacts(self, held: Set[str]) -> tuple[frozenset[tuple[str, str]], float]:
        """Pairs of names that touch, and the greatest force with which the robot, or what it holds, presses on anything
        else, newtons."""
        world, simulation = self.bullet, self.bullet.simulation
        robots = [*world.arms.values(), *(part for part in (world.base, world.drone) if part is not None)]
        others = {robot.body: ROBOT for robot in robots} | {world.table: self.ground}
        points: Any = simulation.bullet.getContactPoints(physicsClientId=simulation.client)
        pairs, force = set(), 0.0
        for point in points:
            a, b = (others.get(number) or world.name_of(number) for number in (point[1], point[2]))
            if a is not None and b is not None and point[8] < _TOUCHING:
                pairs.add((a, b) if a <= b else (b, a))
                if (a == ROBOT or a in held) != (b == ROBOT or b in held):
                    force = max(force, point[9])
        return frozenset(pairs), force

    # State

    def state_hash(self) -> str:
        found = self.bullet.state_hash()
        if self._followers is None:
            return found
        return hashlib.sha256(f"{found} {sorted(self._remembered.items())!r}".encode()).hexdigest()

    def save_state(self) -> Any:
        return _State(self.bullet.save_state(), self._perception.memory(), self._followers, self._remembered)

    def restore_state(self, state: Any) -> None:
        self.bullet.restore_state(state.bullet)
        self._perception.recall(state.perceived)
        self._follow(state.followers, state.remembered)

    def branch(self) -> Self:
        other = type(self)(self._kinds, self._robot, self._perception.tier, self._tier, self.bullet.branch())
        other._perception.recall(self._perception.memory())
        other._follow(self._followers, self._remembered)
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
