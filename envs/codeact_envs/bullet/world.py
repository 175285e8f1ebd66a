"""A table, a robot and bodies in PyBullet, bit-exact: the same layout and the same calls give the same state."""

from __future__ import annotations

import contextlib
import hashlib
import math
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from codeact.errors import TaskError
from codeact_envs.bullet.arm import SimulatedArm
from codeact_envs.bullet.base import BaseController, SimulatedBase
from codeact_envs.bullet.bodies import COLORS, BodySpec, Placement, Pose, Vector3, build, require_color
from codeact_envs.bullet.camera import Camera, Frame, render
from codeact_envs.bullet.controller import ArmController
from codeact_envs.bullet.drone import DroneController, SimulatedDrone
from codeact_envs.bullet.errors import Stopped, UnknownObject
from codeact_envs.bullet.quiet import quiet
from codeact_envs.bullet.robots import (
    ArmDescription,
    ArmsDescription,
    BaseDescription,
    DroneDescription,
    MobileArmDescription,
    load_robot,
)
from codeact_envs.bullet.robots.description import Stand, Volume
from codeact_envs.bullet.safety import Violation, Violations
from codeact_envs.bullet.scene import FLOOR, build_scene
from codeact_envs.bullet.simulation import RATE, Simulation

_ZONE_THICKNESS = 0.001
_LIMBO = 50.0  # metres between bodies while everything is apart
# x, first y and spacing of bodies that an episode does not use, metres: on the floor, out of sight
_PARKING = (-1.2, -1.0, 0.6)
_FLOOR_PARKING = (-11.0, -11.0)  # the same, without a table: in a corner


@dataclass(frozen=True)
class ControllerState:
    """What the controllers remember between motions."""

    parts: tuple[Any, ...]
    stands: tuple[bytes, ...]
    steps: int
    violations: tuple[Violation, ...]
    layout: tuple[Placement, ...]


class WorldState:
    """A saved state of one world, to be given back to it. It lives in the simulator's memory until the world closes or
    `release` is called."""

    def __init__(self, world: BulletWorld, number: int, controller: ControllerState) -> None:
        self._world, self._number, self._controller = world, number, controller

    def release(self) -> None:
        """Free the simulator's copy; the state cannot be restored afterwards."""
        world, number = self._world, self._number
        self._number = -1
        if number >= 0 and not world.closed:
            world.simulation.bullet.removeState(number, physicsClientId=world.simulation.client)

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # at interpreter exit the simulator may be gone before us
            self.release()


class BulletWorld:
    """A robot behind a table with bodies on it, several robots, or one that moves about on a floor.

    World frame: origin at the robot's base on the table top, x forward, y left, z up, metres; the table top is z = 0.
    Where a robot needs no table, the floor is z = 0.
    One thread at a time may drive a world; `stop` may be called from any thread.

    Args:
        bodies: everything that any episode needs; loaded once.
        robot: a name in `codeact_envs.bullet.robots`, or the path of a YAML description.
        gui: open Bullet's own window (needs a display).
        real_time: let simulated time follow the clock while something moves. Only the speed changes, never the physics.
        keep_out: volumes that neither the tool, nor a link of an arm, nor what it carries may enter, beside the
            robot's own, which are for the tool only.

    Raises:
        TaskError: two bodies share a key, the description of the robot is wrong, or `gui` finds no display.
    """

    def __init__(
        self,
        bodies: Sequence[BodySpec],
        *,
        robot: str = "panda",
        gui: bool = False,
        real_time: bool = False,
        keep_out: Sequence[Volume] = (),
    ) -> None:
        self.specs = tuple(bodies)
        keys = [spec.key for spec in self.specs]
        if len(set(keys)) != len(keys):
            raise TaskError(f"two bodies share a key in {keys}; keys must differ")
        self.description = load_robot(robot)
        self._robot_name, self._keep_out = robot, tuple(keep_out)
        self.simulation = Simulation(gui, real_time=real_time)
        self.camera = Camera()
        self._recording: tuple[int, int] | None = None
        self._frames: list[Frame] = []
        bullet, on = self.simulation.bullet, {"physicsClientId": self.simulation.client}
        self.arms: dict[str, SimulatedArm] = {}
        self.controllers: dict[str, ArmController] = {}
        self.base: SimulatedBase | None = None
        self.base_controller: BaseController | None = None
        self.drone: SimulatedDrone | None = None
        self.drone_controller: DroneController | None = None
        self._violations = Violations()
        self._emergency = False
        with quiet():
            self.table = build_scene(self.simulation, self.description.ground)
            self._build_robot()
            self._ids = {spec.key: build(bullet, self.simulation.client, spec) for spec in self.specs}
        self._spec = {spec.key: spec for spec in self.specs}
        self._keys = {spec.key: index for index, spec in enumerate(self.specs)}
        self._drawn = {spec.key: spec.color for spec in self.specs}
        self._placed: dict[str, Placement] = {}
        self._names: dict[int, str] = {}
        self._move_to_limbo()
        self._blank: int = bullet.saveState(**on)
        self.reset(())

    def _build_robot(self) -> None:
        match self.description:
            case ArmDescription() as robot:
                self._add_arm("arm", Stand(robot), "the arm")
            case ArmsDescription(members=members):
                for name, stand in members.items():
                    self._add_arm(name, stand, f"the {name} arm")
            case BaseDescription() as robot:
                self._add_base(robot)
            case DroneDescription() as robot:
                self.drone = SimulatedDrone(self.simulation, robot)
                self.drone_controller = DroneController(self.simulation, self.drone, self, self._violations)
            case MobileArmDescription(base=carrier, arm=robot):
                self._add_arm("arm", Stand(robot), "the arm", self._add_base(carrier).body)

    def _add_arm(self, name: str, stand: Stand, called: str, body: int | None = None) -> None:
        arm = SimulatedArm(self.simulation, stand.robot, body, stand.position, stand.yaw)
        self.arms[name] = arm
        self.controllers[name] = ArmController(
            self.simulation, arm, stand.robot, self, self._keep_out, stand.matrix, called, self._violations
        )

    def _add_base(self, robot: BaseDescription) -> SimulatedBase:
        self.base = SimulatedBase(self.simulation, robot)
        self.base_controller = BaseController(self.simulation, self.base, self, self._violations)
        return self.base

    @property
    def _parts(self) -> list[SimulatedArm | SimulatedBase | SimulatedDrone]:
        return [*self.arms.values(), *([self.base] if self.base else []), *([self.drone] if self.drone else [])]

    def stand_arms(self) -> None:
        """Tell the controllers of carried arms where their bases are now."""
        if self.base is not None:
            for name, arm in self.arms.items():
                self.controllers[name].kinematics.stand_at(arm.base_pose())

    # Robots

    def arm_name(self, name: str | None = None) -> str:
        """`name`, or the name of the first arm.

        Raises:
            TaskError: there is no such arm.
        """
        if name is None:
            name = next(iter(self.arms), None)
        if name is None or name not in self.arms:
            raise TaskError(
                f"{self.description.title} has no arm{'' if name is None else f' {name!r}'}"
                + (f"; it has {', '.join(self.arms)}" if self.arms else "")
            )
        return name

    @property
    def arm(self) -> SimulatedArm:
        """The first arm."""
        return self.arms[self.arm_name()]

    @property
    def controller(self) -> ArmController:
        """The first arm's controller."""
        return self.controllers[self.arm_name()]

    @property
    def robot(self) -> ArmDescription:
        """What the first arm is."""
        return self.arm.robot

    def surface_of(self, body: int) -> str:
        """What messages call a body that is no object of the episode, by Bullet's number."""
        for name, arm in self.arms.items():
            if arm.body == body:
                return f"the {name} arm" if len(self.arms) > 1 else "the robot"
        if self.drone is not None and body == self.drone.body:
            return "the drone"
        if self.base is not None and body == self.base.body:
            return "the base"
        return "the floor" if body != self.table or self.description.ground == "floor" else "the table"

    # Episodes

    def reset(self, layout: Sequence[Placement], start: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> None:
        """Begin an episode: robot at home and at rest, bodies as `layout` says, everything else out of the way.

        Args:
            start: where a robot that moves about begins: (x, y, yaw), metres and radians, world frame.

        Raises:
            TaskError: a placement names an unknown or repeated body, a repeated name or an unknown colour, or is not
                finite. Whether bodies overlap or lie below the table is not looked at.
        """
        placed: dict[str, Placement] = {}
        used: set[str] = set()
        for placement in layout:
            if placement.key not in self._spec:
                raise TaskError(f"no body has the key {placement.key!r}; keys are {', '.join(self._spec)}")
            if placement.key in used or placement.name in placed:
                raise TaskError(f"{placement.name!r} ({placement.key!r}) is placed twice")
            require_color(placement.color or self._spec[placement.key].color)
            if not all(math.isfinite(value) for value in (*placement.position, placement.yaw)):
                raise TaskError(
                    f"{placement.name!r} is placed at {placement.position}, yaw {placement.yaw}: not finite"
                )
            used.add(placement.key)
            placed[placement.name] = placement
        bullet, client = self.simulation.bullet, self.simulation.client
        self._forget_contacts()
        for key in self._keys:
            if key not in used:
                self._park(key)
        for placement in placed.values():
            spec, body = self._spec[placement.key], self._ids[placement.key]
            x, y, z = placement.position
            if spec.shape == "zone":
                z = _ZONE_THICKNESS - spec.size[2] / 2.0
            half = placement.yaw / 2.0
            bullet.resetBasePositionAndOrientation(
                body, (x, y, z), (0.0, 0.0, math.sin(half), math.cos(half)), physicsClientId=client
            )
        self._adopt(placed)
        self._emergency = False
        for arm in self.arms.values():
            arm.reset()
        if self.base is not None:
            self.base.reset(*start)
            self.stand_arms()
        if self.drone is not None:
            self.drone.reset(*start)
        for controller in self.controllers.values():
            controller.reset()
        self._violations.clear()
        self.simulation.jump_to(0)
        self._frames.clear()
        if self._emergency:  # it came meanwhile
            self.stop()

    def _adopt(self, placed: dict[str, Placement]) -> None:
        self._placed = placed
        self._names = {self._ids[placement.key]: name for name, placement in placed.items()}

    def _move_to_limbo(self) -> None:
        if self.base is not None:
            self.base.put(0.0, 0.0, 0.0, -_LIMBO)
        if self.drone is not None:
            self.drone.put(0.0, 0.0, 0.0, -_LIMBO)
        for index, spec in enumerate(self.specs):
            self.simulation.bullet.resetBasePositionAndOrientation(
                self._ids[spec.key],
                (0.0, 0.0, _LIMBO * (index + 1)),
                (0.0, 0.0, 0.0, 1.0),
                physicsClientId=self.simulation.client,
            )

    def _forget_contacts(self) -> None:
        """Bring everything apart, robot at home. Bullet keeps the contact points of bodies that stay near each other,
        whatever is restored or teleported, so that otherwise the future would depend on the past."""
        bullet, client = self.simulation.bullet, self.simulation.client
        bullet.restoreState(self._blank, physicsClientId=client)
        bullet.performCollisionDetection(physicsClientId=client)

    def _park(self, key: str) -> None:
        x, y, spacing = _PARKING
        index = self._keys[key]
        if self.description.ground == "floor":
            x, y = _FLOOR_PARKING
        floor = 0.0 if self.description.ground == "floor" else FLOOR
        position = (x, y + index * spacing, floor + self._spec[key].size[2] / 2.0)
        self.simulation.bullet.resetBasePositionAndOrientation(
            self._ids[key], position, (0.0, 0.0, 0.0, 1.0), physicsClientId=self.simulation.client
        )

    def settle(self, seconds: float = 0.5) -> None:
        """Let simulated time pass while the robot holds still."""
        self.simulation.run(round(seconds * RATE))

    @property
    def time_s(self) -> float:
        """Simulated seconds since the reset."""
        return self.simulation.time_s

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What broke a rule since the reset, in words with figures, in order."""
        return tuple(self._violations)

    # Bodies

    def names(self) -> tuple[str, ...]:
        """Names of the bodies of this episode, zones included, in the order of the layout."""
        return tuple(self._placed)

    def layout(self) -> tuple[Placement, ...]:
        """The layout of this episode, as it began."""
        return tuple(self._placed.values())

    def body(self, name: str) -> int:
        """Bullet's number of a body.

        Raises:
            UnknownObject: no body has this name; the message suggests near ones.
        """
        placement = self._placed.get(name)
        if placement is None:
            near = get_close_matches(name, self._placed, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are {', '.join(self._placed)}"
            raise UnknownObject(f"no object is called {name!r}; {hint}")
        return self._ids[placement.key]

    def name_of(self, body: int) -> str | None:
        """The name of the body with Bullet's number `body`; None for the table, the robot and unused bodies."""
        return self._names.get(body)

    def spec(self, name: str) -> BodySpec:
        """What a body is.

        Raises:
            UnknownObject: no body has this name.
        """
        self.body(name)
        return self._spec[self._placed[name].key]

    def pose(self, name: str) -> Pose:
        """The body's true pose in the world frame, metres and quaternion (x, y, z, w)."""
        position, quaternion = self.simulation.bullet.getBasePositionAndOrientation(
            self.body(name), physicsClientId=self.simulation.client
        )
        return Pose(position, quaternion)

    def size(self, name: str) -> Vector3:
        """Full extents (x, y, z) in metres, in the body's own frame."""
        return self.spec(name).size

    def color(self, name: str) -> str:
        """The body's colour in this episode, one of `COLORS`."""
        spec = self.spec(name)
        return self._placed[name].color or spec.color

    def contacts(self, a: str, b: str) -> bool:
        """Whether two bodies touch each other now."""
        points: Any = self.simulation.bullet.getContactPoints(
            self.body(a), self.body(b), physicsClientId=self.simulation.client
        )
        return any(point[8] < 1e-3 for point in points)

    def held(self, arm: str | None = None) -> str | None:
        """What a gripper holds, the first arm's unless another is named: a body that both fingers press on. None when
        it holds nothing."""
        return self.controllers[self.arm_name(arm)].held()

    # Stop

    def stop(self) -> None:
        """From any thread: a running motion comes to rest within 0.1 s of simulated time and raises `Stopped`; later
        motions are refused until `resume` or `reset`."""
        for part in self._parts:
            part.stop_requested = True

    def emergency_stop(self) -> None:
        """From any thread: as `stop`, but only `end_emergency` or `reset` allow motions again; a restored state and
        `resume` do not."""
        self._emergency = True
        self.stop()

    def end_emergency(self) -> None:
        """Allow motions again after an `emergency_stop`. For the person who has looked, never for a program."""
        self._emergency = False
        self.resume()

    @property
    def emergency(self) -> bool:
        """Whether an emergency stop holds."""
        return self._emergency

    def resume(self) -> None:
        """Allow motions again after a `stop`.

        Raises:
            Stopped: an emergency stop holds.
        """
        if self._emergency:
            raise Stopped("an emergency stop holds: end_emergency() or a reset allows motions again")
        for part in self._parts:
            part.stop_requested = False

    @property
    def stopped(self) -> bool:
        """Whether motions are refused, after a `stop`."""
        return any(part.stop_requested for part in self._parts)

    # State

    def save_state(self) -> WorldState:
        """Everything that the future depends on."""
        number: int = self.simulation.bullet.saveState(physicsClientId=self.simulation.client)
        return WorldState(self, number, self._controller_state())

    def restore_state(self, state: WorldState) -> None:
        """Go back to a state that this world saved.

        Raises:
            TaskError: the state is another world's, or was released.
        """
        if state._world is not self or state._number < 0:
            raise TaskError("this state was saved by another world, or released; a world restores its own states")
        self._forget_contacts()
        self.simulation.bullet.restoreState(state._number, physicsClientId=self.simulation.client)
        self._restore_controller(state._controller)

    def _controller_state(self) -> ControllerState:
        return ControllerState(
            tuple(part.memory() for part in self._parts),
            tuple(controller.kinematics.base.tobytes() for controller in self.controllers.values()),
            self.simulation.steps,
            tuple(self._violations),
            tuple(self._placed.values()),
        )

    def _restore_controller(self, saved: ControllerState) -> None:
        self._adopt({placement.name: placement for placement in saved.layout})
        for part, memory in zip(self._parts, saved.parts, strict=True):
            part.recall(memory)
        if self._emergency:  # it may have come meanwhile, or after that state was saved
            self.stop()
        if self.base is not None:
            for controller, stand in zip(self.controllers.values(), saved.stands, strict=True):
                controller.kinematics.stand_at(np.frombuffer(stand).reshape(4, 4))
        self._violations.restore(saved.violations)
        self.simulation.jump_to(saved.steps)

    def branch(self) -> BulletWorld:
        """Another world in this same state, with a future of its own. The caller closes it."""
        other = BulletWorld(self.specs, robot=self._robot_name, keep_out=self._keep_out)
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "state.bullet")
                self.simulation.bullet.saveBullet(path, physicsClientId=self.simulation.client)
                other._forget_contacts()
                other.simulation.bullet.restoreState(fileName=path, physicsClientId=other.simulation.client)
            other._restore_controller(self._controller_state())
        except BaseException:
            other.close()
            raise
        return other

    def state_hash(self) -> str:
        """SHA-256, in hex, over the exact bytes of joints, poses, velocities, the controller's memory and time."""
        bullet, on = self.simulation.bullet, {"physicsClientId": self.simulation.client}
        values: list[float] = [value for part in self._parts for value in part.exact_state()]
        for controller in self.controllers.values():
            values += controller.kinematics.base.ravel().tolist()
        for name in self._placed:
            body = self.body(name)
            position, quaternion = bullet.getBasePositionAndOrientation(body, **on)
            linear, angular = bullet.getBaseVelocity(body, **on)
            values += [*position, *quaternion, *linear, *angular]
        digest = hashlib.sha256(struct.pack(f"<{len(values)}d", *values))
        digest.update(repr((self.simulation.steps, list(self._placed))).encode())
        return digest.hexdigest()

    # Pictures

    def render(self, width: int = 320, height: int = 240) -> Frame:
        """The scene as uint8 of shape (height, width, 3)."""
        self.paint()
        return render(self.simulation, self.camera, width, height)

    def paint(self) -> None:
        """Give every body its colour of this episode, before somebody looks."""
        # Changing a colour costs as much as a reset, so it waits until somebody looks.
        for placement in self._placed.values():
            color = placement.color or self._spec[placement.key].color
            if self._drawn[placement.key] != color:
                self.simulation.bullet.changeVisualShape(
                    self._ids[placement.key],
                    -1,
                    rgbaColor=(*COLORS[color], 1.0),
                    physicsClientId=self.simulation.client,
                )
                self._drawn[placement.key] = color

    def record(self, fps: int | None = 20, width: int = 320, height: int = 240) -> None:
        """Collect frames at about `fps` a second of simulated time from now on; None ends it.

        The rate is met exactly when it divides 240.
        """
        if fps is None:
            self.simulation.capture_every(0, None)
            return
        if not 0 < fps <= RATE:
            raise TaskError(f"fps must lie between 1 and {RATE}, not {fps!r}")
        self.simulation.capture_every(
            max(1, round(RATE / fps)), lambda: self._frames.append(self.render(width, height))
        )

    def take_frames(self) -> list[Frame]:
        """The frames collected since the last call."""
        frames, self._frames = self._frames, []
        return frames

    # End

    @property
    def closed(self) -> bool:
        return self.simulation.client < 0

    def close(self) -> None:
        """Free the simulation. May be called again."""
        self.simulation.close()

    def __enter__(self) -> BulletWorld:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
