"""Does a description fit its model file, and does the robot do, in simulation, what its description says?"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from codeact.errors import TaskError
from codeact_envs.bullet.robots.description import (
    ArmDescription,
    ArmsDescription,
    BaseDescription,
    DroneDescription,
    MobileArmDescription,
    RobotDescription,
    load_robot,
)

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

_ROUNDING = 1e-3  # radians, and shares of a velocity or torque, by which model files round what data sheets say
_ROUND_TRIP = 1e-4  # metres and radians
_POINTING = 0.1  # radians between a posture's hand and straight down, and between its x axis and forward
_SWING = 0.25  # radians that every joint turns in the motion that is stopped
_FINGERS = 0.003  # metres, between the opening asked for and measured
_AT_REST = 0.03  # radians or metres per second, measured
_DRIVE = 1.0  # metres


def check_robot(robot: str) -> list[str]:
    """Hold a robot against what every robot here must do.

    Args:
        robot: the path of a YAML description, or the name of one of ours.

    Returns:
        What is wrong, one sentence each; empty when nothing is. Simulation begins only when the files agree.
    """
    try:
        description = load_robot(robot)
        findings = _check_files(description)
    except TaskError as error:
        return str(error).splitlines()
    return findings or _check_world(robot)


def _check_files(description: RobotDescription) -> list[str]:
    match description:
        case ArmDescription():
            return _check_arm(description)
        case ArmsDescription(members=members):
            return [f"{name}: {found}" for name, stand in members.items() for found in _check_arm(stand.robot)]
        case BaseDescription():
            return _check_base(description)
        case DroneDescription():
            return _check_drone(description)
        case MobileArmDescription(base=base, arm=arm):
            return _check_base(base) + _check_arm(arm)


def _check_arm(robot: ArmDescription) -> list[str]:
    model, limits, gripper = robot.model, robot.joints, robot.gripper
    findings = [
        f"{key}: {model.source} has no link {link!r}"
        for key, link in (("base_link", robot.base_link), ("tool_link", robot.tool_link))
        if link not in model.links
    ]
    findings += [
        f"{key}: {model.source} has no joint {name!r}"
        for key, names in (("joints.names", limits.names), ("gripper.fingers", gripper.fingers))
        for name in names
        if name not in model.joints
    ]
    findings += _check_cameras(robot)
    if findings:
        return findings
    ranges = dict(zip(limits.names, zip(limits.lower, limits.upper, strict=True), strict=True))
    moving = _moving_joints(robot)
    if moving != limits.names:
        return [f"joints.names: from {robot.base_link} to {robot.tool_link} lead {', '.join(moving)}; list these"]
    for index, name in enumerate(limits.names):
        joint, (lower, upper), home = model.joints[name], ranges[name], limits.home[index]
        if joint.kind not in ("revolute", "continuous"):
            findings.append(f"joints.names: {name} is {joint.kind}; only joints that turn can be driven")
        if not lower + limits.margin <= home <= upper - limits.margin:
            findings.append(f"joints.home: {name} is at {home:g}, not between {lower:g} and {upper:g} less the margin")
        # Comparisons with what the file leaves out, NaN, are false.
        if joint.kind == "revolute" and (lower < joint.lower - _ROUNDING or upper > joint.upper + _ROUNDING):
            findings.append(
                f"joints.lower, joints.upper: {name} may go from {lower:g} to {upper:g}, and in {model.source.name} "
                f"only from {joint.lower:g} to {joint.upper:g}"
            )
        for key, allowed, found in (
            ("velocity", joint.velocity, limits.velocity[index]),
            ("effort", joint.effort, limits.effort[index]),
        ):
            if found > allowed * (1.0 + _ROUNDING):
                findings.append(f"joints.{key}: {name} has {found:g}, and in {model.source.name} only {allowed:g}")
    for name in gripper.fingers:
        joint = model.joints[name]
        if joint.kind != "prismatic":
            findings.append(f"gripper.fingers: {name} is {joint.kind}; it must be prismatic")
        elif gripper.opening / 2.0 > joint.upper + 1e-6:
            findings.append(
                f"gripper.opening: {name} goes to {joint.upper:g} m only, half of {gripper.opening:g} m less"
            )
    return findings + _check_kinematics(robot)


def _moving_joints(robot: ArmDescription) -> tuple[str, ...]:
    """The joints that are not fixed between base and tool, in order."""
    by_child = {joint.child: joint for joint in robot.model.joints.values()}
    names: list[str] = []
    link = robot.tool_link
    while link != robot.base_link:
        if link not in by_child:
            raise TaskError(f"tool_link: {robot.tool_link!r} does not hang on {robot.base_link!r}")
        if by_child[link].kind != "fixed":
            names.insert(0, by_child[link].name)
        link = by_child[link].parent
    return tuple(names)


def _check_kinematics(robot: ArmDescription) -> list[str]:
    import numpy as np

    from codeact_envs.bullet.motion.kinematics import Kinematics

    kinematics, findings = Kinematics(robot), []
    wanted = kinematics.forward(np.array(robot.joints.home))
    found = kinematics.inverse(wanted, [np.array(robot.joints.home) + 0.1], restarts=20)
    if found is None or float(np.abs(kinematics.forward(found) - wanted).max()) > _ROUND_TRIP:
        findings.append("joints: inverse kinematics does not find the way back to the tool's pose at home")
    down = np.diag([1.0, -1.0, -1.0])
    for index, posture in enumerate(robot.postures):
        if len(posture) != len(robot.joints.names):
            findings.append(f"postures[{index}]: has {len(posture)} entries, not {len(robot.joints.names)}")
            continue
        pose = kinematics.forward(np.array(posture))
        angle = math.acos(min(1.0, max(-1.0, (float(np.trace(down.T @ pose[:3, :3])) - 1.0) / 2.0)))
        if angle > _POINTING or abs(math.atan2(pose[1, 3], pose[0, 3])) > _POINTING:
            findings.append(
                f"postures[{index}]: the hand must lie ahead (y = 0), point down and have its x axis forward; "
                f"it is at ({pose[0, 3]:.2f}, {pose[1, 3]:.2f}) m, {angle:.2f} rad from that"
            )
    return findings


def _check_base(robot: BaseDescription) -> list[str]:
    model, findings = robot.model, _check_cameras(robot)
    if robot.base_link not in model.links:
        findings.append(f"base_link: {model.source} has no link {robot.base_link!r}")
    for name in (*robot.left_wheels, *robot.right_wheels):
        if name not in model.joints:
            findings.append(f"left_wheels, right_wheels: {model.source} has no joint {name!r}")
        elif model.joints[name].kind != "continuous":
            findings.append(f"left_wheels, right_wheels: {name} is {model.joints[name].kind}; it must be continuous")
    if robot.motion.speed > robot.limits.speed or robot.motion.turn_rate > robot.limits.turn_rate:
        findings.append("motion.speed, motion.turn_rate: must not be above limits.speed and limits.turn_rate")
    return findings


def _check_drone(robot: DroneDescription) -> list[str]:
    model, findings = robot.model, _check_cameras(robot)
    if robot.base_link not in model.links:
        findings.append(f"base_link: {model.source} has no link {robot.base_link!r}")
    if robot.thrust_to_weight <= 1.0 / math.cos(robot.limits.tilt):
        findings.append(
            f"thrust_to_weight: {robot.thrust_to_weight:g} does not carry it when it leans by limits.tilt, "
            f"{robot.limits.tilt:g} rad"
        )
    if robot.motion.speed > robot.limits.speed or robot.motion.turn_rate > robot.limits.turn_rate:
        findings.append("motion.speed, motion.turn_rate: must not be above limits.speed and limits.turn_rate")
    return findings


def _check_cameras(robot: ArmDescription | BaseDescription | DroneDescription) -> list[str]:
    return [
        f"cameras.{name}: {robot.model.source} has no link {mount.link!r}"
        for name, mount in robot.cameras.items()
        if mount.link not in robot.model.links
    ]


def _check_world(robot: str) -> list[str]:
    from codeact_envs.bullet.world import BulletWorld

    findings, hashes = [], []
    for _ in range(2):
        with BulletWorld([], robot=robot) as world:
            findings = _check_motions(world)
            hashes.append(world.state_hash())
    if hashes[0] != hashes[1]:
        findings.append("the same motions in two worlds end in different states: the model is not bit-exact")
    return findings


def _check_motions(world: BulletWorld) -> list[str]:
    findings = []
    for name in world.arms:
        findings += [f"{name}: {found}" for found in (*_check_gripper(world, name), *_check_arm_stop(world, name))]
    if world.base is not None:
        findings += _check_drive(world)
    if world.drone is not None:
        findings += _check_flight(world)
    return [*findings, *(f"a rule was broken: {what}" for what in world.violations)]


def _check_gripper(world: BulletWorld, name: str) -> list[str]:
    arm, controller, findings = world.arms[name], world.controllers[name], []
    for opening in (0.0, arm.robot.gripper.opening):
        controller.open(opening)
        world.settle(0.2)
        measured = 2.0 * arm.finger_position()
        if abs(measured - opening) > _FINGERS:
            findings.append(f"gripper: asked to open {opening:.3f} m, its fingers are {measured:.3f} m apart")
    return findings


def _check_arm_stop(world: BulletWorld, name: str) -> list[str]:
    from codeact_envs.bullet.engine.simulation import RATE

    arm, controller = world.arms[name], world.controllers[name]
    kinematics, goal = controller.kinematics, arm.home.copy()
    for index in range(len(goal)):
        # Every joint turns, and the tool rises rather than sinks, so that nothing is in the way.
        ways = []
        for swing in (_SWING, -_SWING):
            way = goal.copy()
            way[index] += swing
            if kinematics.inside_limits(way):
                ways.append(way)
        goal = max(ways, key=lambda way: float(kinematics.forward(way)[2, 3]), default=goal)
    result = controller.move_joints(goal)
    if not result.reached:
        return [f"moving every joint by {_SWING} rad from home: {result.reason}"]
    half = round(result.duration * RATE / 2.0)
    allowed = arm.robot.motion.stop_time
    taken = _stopped_after(world, half, lambda: controller.move_joints(arm.home), allowed)
    speed = float(abs(arm.velocities()).max())
    controller.move_joints(arm.home)
    return _judge_stop(taken, allowed, speed, "rad/s")


def _check_drive(world: BulletWorld) -> list[str]:
    from codeact_envs.bullet.engine.simulation import RATE

    base, driver = world.base, world.base_controller
    assert base is not None
    assert driver is not None
    result = driver.drive_to(_DRIVE, 0.0, math.pi / 2.0)
    findings = [] if result.reached else [f"driving {_DRIVE:g} m ahead and turning left: {result.reason}"]
    allowed = base.robot.motion.stop_time
    taken = _stopped_after(world, RATE, lambda: driver.drive_straight(4.0 * _DRIVE, base.robot.limits.speed), allowed)
    return findings + _judge_stop(taken, allowed, abs(base.velocity()[0]), "m/s")


def _check_flight(world: BulletWorld) -> list[str]:
    from codeact_envs.bullet.engine.simulation import RATE

    drone, pilot = world.drone, world.drone_controller
    assert drone is not None
    assert pilot is not None
    rise = pilot.take_off(1.0)
    if not rise.reached:
        return [f"taking off to 1 m: {rise.reason}"]
    allowed, fastest = drone.robot.motion.stop_time, drone.robot.limits.speed
    taken = _stopped_after(world, RATE, lambda: pilot.fly_to(4.0 * _DRIVE, 0.0, 1.0, speed=fastest), allowed)
    findings = _judge_stop(taken, allowed, math.dist(drone.velocity(), (0.0, 0.0, 0.0)), "m/s")
    back = pilot.fly_to(0.0, 0.0, 1.0)
    if not back.reached:
        findings.append(f"flying back: {back.reason}")
    down = pilot.land()
    if not down.reached:
        findings.append(f"landing: {down.reason}")
    return findings


def _stopped_after(world: BulletWorld, steps: int, move: Callable[[], object], allowed: float) -> float | None:
    """Stop a motion when it has gone on for `steps`: seconds until it ended, None when it ended by itself. Time goes on
    until `allowed` seconds after the stop, when the robot has to be at rest."""
    from codeact_envs.bullet.engine.simulation import RATE
    from codeact_envs.bullet.errors import Stopped

    simulation, begin = world.simulation, world.simulation.steps

    def stop() -> None:
        if simulation.steps == begin + steps:
            world.stop()

    simulation.capture_every(1, stop)
    try:
        move()
    except Stopped:
        taken = world.time_s - (begin + steps) / RATE
        world.settle(max(0.0, allowed - taken))
        return taken
    finally:
        simulation.capture_every(0, None)
        world.resume()
    return None


def _judge_stop(taken: float | None, allowed: float, speed: float, unit: str) -> list[str]:
    if taken is None:
        return ["a stop in mid-motion was not heeded"]
    findings = []
    if taken > allowed + 1e-9:
        findings.append(f"motion.stop_time: a stop took {taken:.3f} s, not {allowed:g} s at most")
    if speed > _AT_REST:
        findings.append(f"motion.stop_time: {allowed:g} s after a stop it still moves at {speed:.3f} {unit}")
    return findings
