"""Thousands of random calls of every tool on every robot, with an eye on every few steps of the simulation.

    python tests/bullet/random_calls.py 400 panda two_pandas     # calls for each robot and tier; all robots by default

prints, for each robot and tier, how calls ended, and the worst that was seen of each kind: reported by the world as a
violation, or not.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from codeact.errors import Refused
from codeact.tools import Tool
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.motion.collisions import CollisionModel
from codeact_envs.bullet.perception.view import Privileged
from codeact_envs.bullet.tools.toolboxes import robot_toolbox

EVERY = 4  # steps between two looks
_SELF_EVERY = 3  # looks between two looks at the arm itself
_ODD = (math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-300, 0.0, -1.0, True)
# What is no violation: metres, newtons aside, that a contact may be deep; radians; a share of a speed.
DEPTH, BEYOND, SPEED = 0.003, 0.01, 1.08
CUBE = (0.04, 0.04, 0.04)
BODIES = (
    BodySpec("a", "box", CUBE, 0.05, "red"),
    BodySpec("b", "box", CUBE, 0.05, "green"),
    BodySpec("can", "cylinder", (0.05, 0.05, 0.06), 0.06, "purple"),
    BodySpec("beam", "box", (0.4, 0.04, 0.04), 0.3, "orange"),
    BodySpec("bowl", "bowl", (0.16, 0.16, 0.05), 0.2, "yellow"),
    BodySpec("drawer", "drawer", (0.25, 0.3, 0.2), 1.0, "brown"),
)
CRATES = tuple(BodySpec(f"crate {number}", "box", (0.5, 0.5, 0.6), 8.0, "orange") for number in range(4))


@dataclass
class Report:
    """What a run of random calls came to.

    Attributes:
        ended: how many calls ended how.
        seen: the worst of each kind that was reported.
        unreported: of each kind that was not: how much, and at which call.
        crashes: calls that raised what is no refusal.
    """

    ended: Counter[str] = field(default_factory=Counter)
    seen: dict[str, float] = field(default_factory=dict)
    unreported: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)
    looks: int = 0

    def lines(self) -> list[str]:
        found = [f"  {self.looks} looks; " + ", ".join(f"{how} {n}" for how, n in sorted(self.ended.items()))]
        found += [f"  reported {kind}: at most {worst:.4g}" for kind, worst in sorted(self.seen.items())]
        for kind, all_of in sorted(self.unreported.items()):
            worst = sorted(all_of, reverse=True)[:3]
            found.append(f"  NOT REPORTED {kind}: {len(all_of)}, {[(round(v, 4), call) for v, call in worst]}")
        return found + [f"  CRASH {text}" for text in self.crashes[:10]]


class Monitor:
    """Looks at a world at every few steps, by the simulator's own numbers."""

    def __init__(self, world: BulletWorld, report: Report) -> None:
        self._world, self._report = world, report
        self._models = {name: CollisionModel(world.simulation, arm.in_bullet) for name, arm in world.arms.items()}
        self.found: dict[str, float] = {}
        world.simulation.capture_every(EVERY, self.look)

    def begin(self) -> None:
        self.found = {}
        world = self._world
        self._in_volume = {name: self._volume(name) is not None for name in world.arms}

    def _volume(self, name: str) -> Any:
        controller = self._world.controllers[name]
        return controller.places.volume_at(tuple(controller.tool()[:3, 3].tolist()))

    def _note(self, kind: str, value: float) -> None:
        self.found[kind] = max(value, self.found.get(kind, -math.inf))

    def look(self) -> None:
        self._report.looks += 1
        for name, arm in self._world.arms.items():
            self._look_at_joints(arm)
            self._look_at_contacts(arm)
            if self._report.looks % _SELF_EVERY == 0:
                if self._models[name].hit(arm.positions(), -DEPTH) is not None:
                    self._note("self", DEPTH)
                if not self._in_volume[name] and self._world.base is None and self._volume(name) is not None:
                    self._note("volume", 1.0)
        if self._world.base is not None:
            self._look_at_base()

    def _look_at_joints(self, arm: Any) -> None:
        joints = arm.robot.joints
        positions, speeds = arm.positions(), np.abs(arm.velocities()) / np.array(joints.velocity)
        beyond = float(np.maximum(np.array(joints.lower) - positions, positions - np.array(joints.upper)).max())
        if beyond > BEYOND:
            self._note("joint_limit", beyond)
        if float(speeds.max()) > SPEED:
            self._note("joint_speed", float(speeds.max()))

    def _look_at_contacts(self, arm: Any) -> None:
        bullet, client = self._world.simulation.bullet, self._world.simulation.client
        arms = {each.body for each in self._world.arms.values()}
        for contact in bullet.getContactPoints(bodyA=arm.body, physicsClientId=client):
            other, link, depth = contact[2], contact[3], -contact[8]
            if other == arm.body or link not in arm.links or depth < DEPTH:
                continue
            if other in arms:
                self._note("arm", depth)
            elif self._world.name_of(other) is None:
                self._note("table", depth)
            elif link not in arm.fingers:
                self._note("body", depth)

    def _look_at_base(self) -> None:
        base = self._world.base
        assert base is not None
        speed, rate = base.velocity()
        limits = base.robot.limits
        if max(abs(speed) / limits.speed, abs(rate) / limits.turn_rate) > SPEED:
            self._note("base_speed", max(abs(speed) / limits.speed, abs(rate) / limits.turn_rate))

    def end(self, call: str) -> None:
        """Hold what was seen against what the world reports."""
        kinds = {violation.kind for violation in self._world.violations}
        for kind, value in self.found.items():
            told = {"joint_limit": {"joint_limit"}, "joint_speed": {"joint_speed"}}.get(kind, {"collision", "force"})
            if kinds & told:
                self._report.seen[kind] = max(value, self._report.seen.get(kind, 0.0))
            else:
                self._report.unreported.setdefault(kind, []).append((value, call))


class Caller:
    """Draws arguments for tools by their names and types."""

    def __init__(self, world: BulletWorld, random: np.random.Generator) -> None:
        self._world, self._random = world, random

    def arguments(self, tool: Tool[..., Any]) -> dict[str, Any]:
        parameters = tool.signature.parameters.values()
        return {
            each.name: self._draw(tool.name, each.name)
            for each in parameters
            if each.default is inspect.Parameter.empty or self._random.random() < 0.4
        }

    def _draw(self, tool: str, name: str) -> Any:
        random = self._random
        if name in ("name", "on", "zone", "target", "what", "reference", "to"):
            names = ["left", "right"] if name == "to" else [*self._world.names(), "nothing"]
            return names[int(random.integers(len(names)))]
        if name in ("joints", "near", "velocities"):
            return self._joints(tool, name)
        if name in ("position", "left", "right"):
            return tuple(self._coordinate(axis) for axis in "xyz")
        if name == "quaternion":
            q = random.normal(size=4) if random.random() < 0.3 else np.array([1.0, 0.0, 0.0, 0.0])
            return tuple((q / np.linalg.norm(q)).tolist())
        if name in ("linear", "angular"):
            return tuple(random.uniform(-0.4, 0.4, 3).tolist())
        if name in ("stiffness", "turning_stiffness"):
            return tuple(random.uniform(0.0, 800.0 if name == "stiffness" else 60.0, 3).tolist())
        return self._number(name)

    def _joints(self, tool: str, name: str) -> list[float]:
        random, names = self._random, list(self._world.arms)
        arm = self._world.arms[names[int(random.integers(len(names)))]]
        joints = arm.robot.joints
        if name == "velocities":
            return (random.uniform(-1.0, 1.0, len(joints.names)) * np.array(joints.velocity) * 0.6).tolist()
        if random.random() < 0.3:
            return random.uniform(joints.lower, joints.upper).tolist()
        return (arm.commanded + random.uniform(-0.6, 0.6, len(joints.names))).tolist()

    def _coordinate(self, axis: str) -> float:
        if self._random.random() < 0.04:
            return _ODD[int(self._random.integers(len(_ODD)))]
        if self._world.arms and self._world.base is None:
            low, high = {"x": (0.1, 0.75), "y": (-0.5, 0.5), "z": (-0.02, 0.6)}[axis]
            scale = self._world.robot.workspace.upper[0] / 0.75
            return float(self._random.uniform(low * scale, high * scale))
        return float(self._random.uniform(*{"x": (-3.0, 3.0), "y": (-3.0, 3.0), "z": (-0.1, 2.0)}[axis]))

    def _number(self, name: str) -> Any:
        random = self._random
        if random.random() < 0.06:
            return _ODD[int(random.integers(len(_ODD)))]
        if name in "xyz":
            return self._coordinate(name)
        low, high = {
            "speed": (0.02, 0.6),
            "seconds": (0.05, 1.5),
            "width": (0.0, 0.09),
            "force": (0.0, 60.0),
            "height": (0.0, 1.5),
            "distance": (-0.6, 0.6),
            "damping_ratio": (0.2, 2.1),
            "yaw": (-3.2, 3.2),
        }.get(name, (-0.25, 0.25))
        return float(random.uniform(low, high))


def layout(world: BulletWorld, random: np.random.Generator) -> list[Placement]:
    """Some bodies where the robot can run into them."""
    if world.base is not None or world.drone is not None:
        angles, radii = random.uniform(0.0, 6.28, len(world.specs)), (1.2, 1.6, 2.0, 2.4)
        places = [(math.cos(a) * r, math.sin(a) * r) for a, r in zip(angles.tolist(), radii, strict=True)]
        return [Placement(s.key, s.key, (x, y, 0.3)) for s, (x, y) in zip(world.specs, places, strict=True)]
    scale = world.robot.workspace.upper[0] / 0.75
    spots = [(0.35, -0.3), (0.5, -0.15), (0.6, 0.1), (0.4, 0.12), (0.55, 0.3), (0.75, -0.3)]
    return [
        Placement(spec.key, spec.key, (x * scale, y * scale, spec.size[2] / 2.0), float(random.uniform(-3.1, 3.1)))
        for spec, (x, y) in zip(world.specs, spots if scale > 0.8 else spots[1:3], strict=False)
    ]


def run(robot: str, tier: str, calls: int, seed: int = 0, each: int = 12) -> Report:
    """Random calls of all physical tools of a robot; after every `each` of them the world is reset."""
    report, random = Report(), np.random.default_rng(seed)
    moves = robot in ("husky", "husky_panda", "crazyflie")
    with BulletWorld(CRATES if moves else BODIES, robot=robot) as world:
        box, monitor, caller = (
            robot_toolbox(world, Privileged(world), tier),
            Monitor(world, report),
            Caller(world, random),
        )
        tools = [tool for tool in box if tool.effect == "physical"]
        for number in range(calls):
            if number % each == 0:
                world.reset(layout(world, random))
            tool = tools[int(random.integers(len(tools)))]
            arguments = caller.arguments(tool)
            call = f"{number}: {tool.name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
            monitor.begin()
            try:
                tool.invoke(tool.bind((), arguments))
                report.ended["done"] += 1
            except Refused as refusal:
                report.ended[type(refusal).__name__] += 1
            except Exception as error:  # a program would see this as a crash of the tool
                name = type(error).__name__
                report.ended[name] += 1
                if name not in ("ArgumentError",):
                    report.crashes.append(f"{call}: {name}: {error}")
            monitor.end(call)
        world.simulation.capture_every(0, None)
    return report


TIERS = {
    "panda": ("high", "low"),
    "two_pandas": ("high", "low"),
    "kuka_iiwa": ("high", "low"),
    "xarm6": ("high", "low"),
    "so101": ("high", "low"),
    "husky_panda": ("high",),
    "husky": ("high",),
    "crazyflie": ("high",),
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for robot in sys.argv[2:] or TIERS:
        for tier in TIERS[robot]:
            print(f"{robot}, {tier} tier, {count} calls", flush=True)
            print("\n".join(run(robot, tier, count).lines()), flush=True)


if __name__ == "__main__":
    main()
