"""What programs call to move a wheeled base or a drone about."""

from __future__ import annotations

from collections.abc import Callable

from codeact.errors import TaskError
from codeact.tools import Toolbox, tool
from codeact_envs.bullet.errors import InCollision, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.results import MotionResult
from codeact_envs.bullet.vehicles.range_finder import RangeFinder
from codeact_envs.bullet.world import BulletWorld

ERRORS = (OutOfReach, InCollision, TooFast, Stopped)


class BaseApi:
    """Drive a wheeled base on a floor. World frame: x forward and y left of where the base began, metres; angles in
    radians about z, counter-clockwise from x. Every motion goes from rest to rest. Refusals move nothing; False means
    that something was in the way, or that the wheels slipped.

    Raises:
        TaskError: the world's robot has no wheels.
    """

    def __init__(self, world: BulletWorld) -> None:
        if world.base is None or world.base_controller is None:
            raise TaskError(f"{world.description.title} has no wheels")
        self._world, self._base, self._controller = world, world.base, world.base_controller
        self._ranges = RangeFinder(world.simulation, world.base)

    def toolbox(self) -> Toolbox:
        """The tools in the group `base`, with the world's stop path."""
        return Toolbox.of(self, allow=BASE_TOOLS, name="base", errors=ERRORS, stop=self._stop)

    def _stop(self) -> Callable[[], str]:
        self._world.stop()
        return self.at_rest

    def at_rest(self) -> str:
        """For a report: where the base stands; to be asked when nothing moves any more."""
        x, y, yaw = self._base.pose()
        return f"at rest at ({x:.2f}, {y:.2f}) m, heading {yaw:.2f} rad"

    @tool(effect="read")
    def pose(self) -> tuple[float, float, float]:
        """Where the base is: (x, y, yaw), metres and radians, world frame."""
        return self._base.pose()

    @tool(effect="read")
    def velocity(self) -> tuple[float, float]:
        """Speed ahead, metres per second, and turn rate, radians per second, both as measured."""
        return self._base.velocity()

    @tool(effect="read")
    def size(self) -> tuple[float, float, float]:
        """Length, width and height of the robot, metres; it drives along its length."""
        length, width = self._base.robot.footprint
        return (length, width, self._base.robot.height)

    @tool(effect="read")
    def scan(self, rays: int = 36) -> list[float]:
        """Metres from the middle of the base to the nearest thing, 0.2 m above the floor; infinite beyond 8 m.

        Ray i looks `2 pi i / rays` radians counter-clockwise from straight ahead.
        """
        return self._ranges.scan(rays)

    @tool(effect="read")
    def last_motion(self) -> MotionResult | None:
        """How the last drive ended: it says why one was not True. None where the base has not moved yet."""
        return self._world.told(self._controller.last)

    @tool(effect="physical")
    def drive_to(self, x: float, y: float, yaw: float | None = None, speed: float | None = None) -> bool:
        """Turn towards (x, y), drive there straight, and turn to `yaw`. True when it stands there within 5 cm.

        Args:
            x, y: metres, world frame.
            yaw: radians; None keeps the heading of the way.
            speed: metres per second, at most; None for the usual one.

        Raises OutOfReach, TooFast, InCollision (names what stands in the way; drive around it by other places).
        """
        return self._controller.drive_to(x, y, yaw, speed).reached

    @tool(effect="physical")
    def drive_straight(self, distance: float, speed: float | None = None) -> bool:
        """Drive `distance` metres ahead, backwards when negative, pushing what is in the way. True when it got there.

        Raises OutOfReach, TooFast.
        """
        return self._controller.drive_straight(distance, speed).reached


class DroneApi:
    """Fly a quadcopter. World frame: x forward and y left of where it began, z up from the floor, metres; yaw in
    radians about z. It flies straight lines, from hovering to hovering, and hovers whenever nothing is asked of it.
    Refusals move nothing; False means that something was in the way.

    Raises:
        TaskError: the world's robot does not fly.
    """

    def __init__(self, world: BulletWorld) -> None:
        if world.drone is None or world.drone_controller is None:
            raise TaskError(f"{world.description.title} does not fly")
        self._world, self._drone, self._controller = world, world.drone, world.drone_controller

    def toolbox(self) -> Toolbox:
        """The tools in the group `drone`, with the world's stop path."""
        return Toolbox.of(self, allow=DRONE_TOOLS, name="drone", errors=ERRORS, stop=self._stop)

    def _stop(self) -> Callable[[], str]:
        self._world.stop()
        return self._in_place

    def _in_place(self) -> str:
        """Where the drone is; to be asked when it moves no more."""
        x, y, z = self._drone.place()
        return f"{'hovering' if self._drone.flying else 'at rest'} at ({x:.2f}, {y:.2f}, {z:.2f}) m"

    @tool(effect="read")
    def pose(self) -> tuple[float, float, float, float]:
        """Where the drone is: (x, y, z, yaw), metres and radians, world frame."""
        return (*self._drone.place(), self._drone.yaw())

    @tool(effect="read")
    def velocity(self) -> tuple[float, float, float]:
        """Measured velocity, metres per second, world frame."""
        return self._drone.velocity()

    @tool(effect="read")
    def is_flying(self) -> bool:
        """Whether its rotors turn."""
        return self._drone.flying

    @tool(effect="read")
    def last_motion(self) -> MotionResult | None:
        """How the last flight ended: it says why one was not True. None where the drone has not moved yet."""
        return self._world.told(self._controller.last)

    @tool(effect="physical")
    def take_off(self, height: float = 1.0) -> bool:
        """Rise straight up to `height` metres and hover. True when it hovers there. Raises OutOfReach, InCollision."""
        return self._controller.take_off(height).reached

    @tool(effect="physical")
    def fly_to(self, x: float, y: float, z: float, yaw: float | None = None, speed: float | None = None) -> bool:
        """Fly in a straight line to (x, y, z) and hover. True when it hovers there within 5 cm.

        Args:
            x, y, z: metres, world frame.
            yaw: radians; None keeps it.
            speed: metres per second, at most; None for the usual one.

        Raises OutOfReach (or not flying), TooFast, InCollision (names what is in the way; fly around by other places).
        """
        return self._controller.fly_to(x, y, z, yaw, speed).reached

    @tool(effect="physical")
    def hover(self, seconds: float) -> bool:
        """Hold the place for so long, at most 60 s. True when it stayed there. Raises OutOfReach."""
        return self._controller.hover(seconds).reached

    @tool(effect="physical")
    def land(self) -> bool:
        """Sink straight down to the floor and switch the rotors off. True when it stands.

        Raises OutOfReach, InCollision.
        """
        return self._controller.land().reached


BASE_TOOLS = ("pose", "velocity", "size", "scan", "last_motion", "drive_to", "drive_straight")
DRONE_TOOLS = ("pose", "velocity", "is_flying", "last_motion", "take_off", "fly_to", "hover", "land")
