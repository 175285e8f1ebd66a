"""A table, a robot and bodies in PyBullet, bit-exact: the same layout and the same calls give the same state."""

from __future__ import annotations

import hashlib
import math
import struct
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np

from codeact.errors import TaskError
from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.arms.controller import ArmController
from codeact_envs.bullet.bodies.body import BodySpec, Placement
from codeact_envs.bullet.engine.body_queries import BodyQueries
from codeact_envs.bullet.engine.camera import FLOOR_CAMERA, Camera, Frame, render
from codeact_envs.bullet.engine.display import show
from codeact_envs.bullet.engine.film import Film
from codeact_envs.bullet.engine.one_island import join_islands
from codeact_envs.bullet.engine.perturbing import UNPERTURBED, Perturbation, Perturbing
from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.engine.scene import build_scene
from codeact_envs.bullet.engine.simulation import RATE, Simulation
from codeact_envs.bullet.engine.sleep import AWAKE, Lying, Sleepers, SleepMemory
from codeact_envs.bullet.engine.world_bodies import LIMBO, WorldBodies, require_distinct
from codeact_envs.bullet.engine.world_state import Memory, WorldState
from codeact_envs.bullet.errors import Stopped
from codeact_envs.bullet.results import MotionResult
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
from codeact_envs.bullet.vehicles.base import BaseController
from codeact_envs.bullet.vehicles.drone import DroneController
from codeact_envs.bullet.vehicles.simulated_base import SimulatedBase
from codeact_envs.bullet.vehicles.simulated_drone import SimulatedDrone


class BulletWorld(BodyQueries):
    """A robot behind a table with bodies on it, several robots, or one that moves about on a floor.

    World frame: origin at the robot's base on the table top, x forward, y left, z up, metres; the table top is z = 0.
    Where a robot needs no table, the floor is z = 0.
    One thread at a time may drive a world, and another is refused; `stop` may be called from any thread.

    Args:
        bodies: everything that any episode needs; loaded once.
        robot: a name in `codeact_envs.bullet.robots`, or the path of a YAML description.
        gui: open Bullet's own window (needs a display).
        real_time: let simulated time follow the clock while something moves. Only the speed changes, never the physics.
        keep_out: volumes that neither the tool, nor a link of an arm, nor what it carries, nor a base, nor a drone may
            enter, beside the robot's own, which are for the tool only.
        speed_limit: metres per second that no point of an arm may exceed: motions are planned to keep it. 0.25 is the
            reduced speed of ISO 10218-1:2011, 5.6.2. Without it the maker's limit of the tool holds.
        make_arm: makes each arm out of the arguments of `SimulatedArm`; a branch of the world has simulated ones.

    Attributes:
        tells_names: whether refusals, which programs read, call bodies by their true names; `violations` always do.
        tells_places: metres to which refusals round places that have to do with a body; 0 tells them as they are, and
            infinity not at all. Where table, robots and volumes are is no secret.
        gone: asked, before somebody looks, for the names of marks that pictures shall not show, such as wiped spots.
            Nothing else changes with them.

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
        speed_limit: float = math.inf,
        make_arm: Callable[..., SimulatedArm] = SimulatedArm,
    ) -> None:
        self.specs = tuple(bodies)
        require_distinct(self.specs)
        self.description = load_robot(robot)
        self._robot_name, self._keep_out, self._make_arm = robot, tuple(keep_out), make_arm
        if not speed_limit > 0.0:
            raise TaskError(f"speed_limit must be above 0 m/s, not {speed_limit:g}")
        self._speed_limit = speed_limit
        self.simulation = Simulation(gui, real_time=real_time)
        self.camera = Camera() if self.description.ground == "table" else FLOOR_CAMERA
        self._film = Film(self.simulation)
        bullet, on = self.simulation.bullet, {"physicsClientId": self.simulation.client}
        self.arms: dict[str, SimulatedArm] = {}
        self.controllers: dict[str, ArmController] = {}
        self.base: SimulatedBase | None = None
        self.base_controller: BaseController | None = None
        self.drone: SimulatedDrone | None = None
        self.drone_controller: DroneController | None = None
        self._violations = Violations()
        self._emergency = False
        self.tells_names, self.tells_places = True, 0.0
        self.gone: Callable[[], Collection[str]] = tuple
        try:
            with quiet():
                self.table = build_scene(self.simulation, self.description.ground)
                if isinstance(self.description, ArmsDescription) or any(spec.assembly.joint for spec in self.specs):
                    join_islands(self.simulation)
                self._build_robot()
                self._bodies = WorldBodies(self.simulation, self.specs, self.description.ground)
        except BaseException:
            self.simulation.close()
            raise
        self._sleepers = Sleepers(
            self.simulation, self._bodies.loaded(), dict.fromkeys(part.body for part in self._parts)
        )
        self.perturbing = Perturbing(
            self.simulation, {spec.key: number for number, spec in self._bodies.loaded()}, self._sleepers.wake
        )
        self._move_to_limbo()
        self._blank: int = bullet.saveState(**on)
        self.reset(())
        if gui:
            show(self.simulation, self.camera)

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
                self.drone_controller = DroneController(
                    self.simulation, self.drone, self, self._violations, self._keep_out
                )
            case MobileArmDescription(base=carrier, arm=robot):
                self._add_arm("arm", Stand(robot), "the arm", self._add_base(carrier).body)

    def _add_arm(self, name: str, stand: Stand, called: str, body: int | None = None) -> None:
        arm = self._make_arm(self.simulation, stand.robot, body, stand.position, stand.yaw)
        self.arms[name] = arm
        self.controllers[name] = ArmController(
            self.simulation,
            arm,
            stand.robot,
            self,
            self._keep_out,
            stand.matrix,
            called,
            self._violations,
            self._speed_limit,
        )

    def _add_base(self, robot: BaseDescription) -> SimulatedBase:
        self.base = SimulatedBase(self.simulation, robot)
        self.base_controller = BaseController(
            self.simulation, self.base, self, self._violations, self._keep_out, self._speed_limit
        )
        return self.base

    @property
    def _parts(self) -> list[SimulatedArm | SimulatedBase | SimulatedDrone]:
        return [*self.arms.values(), *([self.base] if self.base else []), *([self.drone] if self.drone else [])]

    @property
    def _drivers(self) -> list[ArmController | BaseController | DroneController]:
        vehicles = (self.base_controller, self.drone_controller)
        return [*self.controllers.values(), *(each for each in vehicles if each is not None)]

    def told(self, result: MotionResult | None) -> MotionResult | None:
        """How a motion ended, as programs may be told it."""
        return result if result is None or self.tells_names else result.without_names(self.names())

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

    def call(self, body: int) -> str:
        """What a refusal calls a body, by Bullet's number."""
        name = self.name_of(body)
        if name is None:
            return self.surface_of(body)
        return repr(name) if self.tells_names else "something"

    def grain(self, body: int | None) -> float:
        """Metres to which a refusal that has to do with a body, by Bullet's number, may tell places."""
        return 0.0 if body is None or self.name_of(body) is None else self.tells_places

    def tell_place(self, body: int | None, place: Sequence[float], digits: int = 3) -> str:
        """ " at (x, y) m" or " at (x, y, z) m" for a refusal that has to do with a body, by Bullet's number, as exactly
        as it may be told; empty where it may not."""
        grain = self.grain(body)
        if grain == math.inf:
            return ""
        told = [round(value / grain) * grain if grain else value for value in place]
        return f" at ({', '.join(f'{value:.{digits}f}' for value in told)}) m"

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

    def reset(
        self,
        layout: Sequence[Placement],
        start: tuple[float, float, float] = (0.0, 0.0, 0.0),
        perturbation: Perturbation = UNPERTURBED,
    ) -> None:
        """Begin an episode: robot at home and at rest, bodies as `layout` says, everything else out of the way.

        Args:
            start: where a robot that moves about begins: (x, y, yaw), metres and radians, world frame.
            perturbation: what goes otherwise than planned, of bodies by their keys.

        Raises:
            TaskError: a placement names an unknown or repeated body, a repeated name or an unknown colour, or is not
                finite. Whether bodies overlap or lie below the table is not looked at.
        """
        placed = self._bodies.checked(layout)
        with self.simulation.alone():
            self._begin(placed, start, perturbation)

    def _begin(
        self, placed: dict[str, Placement], start: tuple[float, float, float], perturbation: Perturbation
    ) -> None:
        self._forget_contacts()
        self._bodies.place(placed)
        self.perturbing.adopt(perturbation)
        self._emergency = False
        for arm in self.arms.values():
            arm.reset()
            arm.failing = perturbation.failing_grasps
        if self.base is not None:
            self.base.reset(*start)
            self.stand_arms()
        if self.drone is not None:
            self.drone.reset(*start)
        for controller in self.controllers.values():
            controller.reset()
        for driver in self._drivers:
            driver.last = None
        self._violations.clear()
        self.simulation.jump_to(0)
        self._film.take()
        if self._emergency:  # it came meanwhile
            self.stop()

    def _move_to_limbo(self) -> None:
        if self.base is not None:
            self.base.put(0.0, 0.0, 0.0, -LIMBO)
        if self.drone is not None:
            self.drone.put(0.0, 0.0, 0.0, -LIMBO)
        self._bodies.move_to_limbo()

    def _forget_contacts(self, sleep: SleepMemory = AWAKE) -> None:
        """Bring everything apart, robot at home; `sleep` is what the sleepers are to remember. Bullet keeps the contact
        points of bodies that stay near each other, whatever is restored or teleported, so that otherwise the future
        would depend on the past."""
        bullet, client = self.simulation.bullet, self.simulation.client
        bullet.restoreState(self._blank, physicsClientId=client)
        steps = self._sleepers.recall(sleep)
        if steps:
            for _ in range(steps):
                bullet.stepSimulation(client)
            bullet.restoreState(self._blank, physicsClientId=client)
        bullet.performCollisionDetection(physicsClientId=client)

    def let_sleep(self, seconds: float) -> None:
        """Leave bodies out of the simulation that lie still and that nothing can reach in the next `seconds`, at most
        0.1, which must be simulated before this is called again. Until the next call, or a reset."""
        self._sleepers.update(self._bodies.numbers(), seconds)

    @property
    def lying(self) -> Mapping[int, Lying]:
        """Position and quaternion (x, y, z, w) of bodies that sleep, by Bullet's number, for whoever would ask Bullet
        for them often. Not all of those that sleep are listed."""
        return self._sleepers.lying

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
        """Everything that the future depends on.

        Raises:
            TaskError: another thread moves this world; so for `restore_state` and `branch`.
        """
        with self.simulation.alone():
            number: int = self.simulation.bullet.saveState(physicsClientId=self.simulation.client)
            return WorldState(self, number, self._memory())

    def restore_state(self, state: WorldState) -> None:
        """Go back to a state that this world saved.

        Raises:
            TaskError: the state is another world's, or was released.
        """
        found = state.of(self)
        if found is None:
            raise TaskError("this state was saved by another world, or released; a world restores its own states")
        number, memory = found
        with self.simulation.alone():
            self._forget_contacts(memory.sleep)
            self.simulation.bullet.restoreState(number, physicsClientId=self.simulation.client)
            self._recall(memory)

    def _memory(self) -> Memory:
        return Memory(
            tuple(part.memory() for part in self._parts),
            tuple(controller.kinematics.base.tobytes() for controller in self.controllers.values()),
            self.simulation.steps,
            tuple(self._violations),
            tuple(driver.last for driver in self._drivers),
            self._bodies.layout(),
            self._bodies.presses.memory(),
            self._sleepers.memory(),
            self.perturbing.now,
        )

    def _recall(self, saved: Memory) -> None:
        self._bodies.adopt(saved.layout)
        self._bodies.presses.recall(saved.presses)
        self.perturbing.adopt(saved.perturbation)
        for part, memory in zip(self._parts, saved.parts, strict=True):
            part.recall(memory)
        if self._emergency:  # it may have come meanwhile, or after that state was saved
            self.stop()
        if self.base is not None:
            for controller, stand in zip(self.controllers.values(), saved.stands, strict=True):
                controller.kinematics.stand_at(np.frombuffer(stand).reshape(4, 4))
        self._violations.restore(saved.violations)
        for driver, last in zip(self._drivers, saved.results, strict=True):
            driver.last = last
        self.simulation.jump_to(saved.steps)

    def branch(self) -> BulletWorld:
        """Another world in this same state, with a future of its own. The caller closes it."""
        with self.simulation.alone():
            return self._branch()

    def _branch(self) -> BulletWorld:
        other = BulletWorld(self.specs, robot=self._robot_name, keep_out=self._keep_out, speed_limit=self._speed_limit)
        other.tells_names, other.tells_places = self.tells_names, self.tells_places
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "state.bullet")
                self.simulation.bullet.saveBullet(path, physicsClientId=self.simulation.client)
                other._forget_contacts(self._sleepers.memory())
                other.simulation.bullet.restoreState(fileName=path, physicsClientId=other.simulation.client)
            other._recall(self._memory())
        except BaseException:
            other.close()
            raise
        return other

    def state_hash(self) -> str:
        """SHA-256, in hex, over the exact bytes of joints, poses, velocities, the controller's memory and time."""
        values: list[float] = [value for part in self._parts for value in part.exact_state()]
        for controller in self.controllers.values():
            values += controller.kinematics.base.ravel().tolist()
        values += self._bodies.exact_state()
        digest = hashlib.sha256(struct.pack(f"<{len(values)}d", *values))
        digest.update(repr((self.simulation.steps, list(self._bodies.names()))).encode())
        sleep = self._sleepers.memory()
        if sleep != AWAKE:
            digest.update(repr(sleep).encode())
        if self.perturbing.now != UNPERTURBED:
            digest.update(repr(self.perturbing.now).encode())
        return digest.hexdigest()

    # Pictures

    def render(self, width: int = 320, height: int = 240) -> Frame:
        """The scene as uint8 of shape (height, width, 3)."""
        self.paint()
        return render(self.simulation, self.camera, width, height)

    def paint(self) -> None:
        """Give every body its colour of this episode, and none to marks that are gone, before somebody looks."""
        self._bodies.paint(self.gone())

    def record(self, fps: int | None = 20, width: int = 320, height: int = 240) -> None:
        """Collect frames at about `fps` a second of simulated time from now on; None ends it.

        The rate is met exactly when it divides 240.

        Raises:
            TaskError: `fps` is not between 1 and 240.
        """
        self._film.record(fps, lambda: self.render(width, height))

    def take_frames(self) -> list[Frame]:
        """The frames collected since the last call."""
        return self._film.take()

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
