"""The bodies of a world: loaded once, placed anew in each episode, told apart by the names of the episode."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from codeact.errors import TaskError
from codeact_envs.bullet.bodies import articulation
from codeact_envs.bullet.bodies.articulation import Handle, JointState, Room, Space
from codeact_envs.bullet.bodies.assembly import Assembly, Joint, Loaded, load
from codeact_envs.bullet.bodies.body import BodySpec, Placement
from codeact_envs.bullet.bodies.colors import COLORS, require_color
from codeact_envs.bullet.bodies.presses import Presses
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.engine.scene import FLOOR
from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.errors import NotArticulated, NotHollow, UnknownObject
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.robots.description import Ground

LIMBO = 50.0  # metres between bodies while everything is apart
_ZONE_THICKNESS = 0.001
# Where bodies stand that an episode does not use, on the floor, out of sight; metres.
_ROWS = {
    "table": ((-1.2, -3.4), (-1.0, 3.6)),
    "floor": ((-11.0, 11.0), (-11.0, 11.0)),
}  # of x, one behind another; of y
_INVISIBLE = (0.0, 0.0, 0.0, 0.0)  # Bullet's renderer draws nothing of a body without opacity
_SPACING = 0.6  # or more, where a body is larger
_BESIDE = 0.1  # between two of the largest


def require_distinct(specs: Sequence[BodySpec]) -> None:
    """Make sure that no two bodies share a key.

    Raises:
        TaskError: two do.
    """
    keys = [spec.key for spec in specs]
    if len(set(keys)) != len(keys):
        raise TaskError(f"two bodies share a key in {keys}; keys must differ")


class WorldBodies:
    """What can be moved, in one simulation. A `BulletWorld` owns it and hands on its public side.

    Args:
        simulation: where to load them.
        specs: everything that any episode needs; their keys differ.
        ground: what the bodies stand on.
    """

    def __init__(self, simulation: Simulation, specs: Sequence[BodySpec], ground: Ground) -> None:
        self.specs = tuple(specs)
        self._simulation, self._ground = simulation, ground
        self._bullet, self._on = simulation.bullet, {"physicsClientId": simulation.client}
        self._spec = {spec.key: spec for spec in self.specs}
        self._places = self._parking()
        self._assemblies = {spec.key: spec.assembly for spec in self.specs}
        self._loaded = {spec.key: self._load(spec) for spec in self.specs}
        self._ids = {key: loaded.body for key, loaded in self._loaded.items()}
        self._drawn: dict[str, str | None] = {spec.key: spec.color for spec in self.specs}
        self._placed: dict[str, Placement] = {}
        self._names: dict[int, str] = {}
        self.presses = Presses(self._button_fractions)
        if any(assembly.joint and assembly.joint.counts for assembly in self._assemblies.values()):
            simulation.look = self.presses.look
        if any(assembly.joint and assembly.joint.damping for assembly in self._assemblies.values()):
            simulation.whole_batches = False

    def _load(self, spec: BodySpec) -> Loaded:
        kind = SHAPES[spec.shape]
        mass = kind.mass if spec.mass is None else spec.mass
        return load(self._bullet, self._simulation.client, self._assemblies[spec.key], mass, spec.color, kind.solid)

    # Placing

    def checked(self, layout: Iterable[Placement]) -> dict[str, Placement]:
        """The layout by name.

        Raises:
            TaskError: a placement names an unknown or repeated body, a repeated name or an unknown colour, or is not
                finite.
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
            if not 0.0 <= placement.joint <= 1.0:
                raise TaskError(
                    f"{placement.name!r} begins with its joint at {placement.joint!r}; "
                    "give a share of its travel in [0, 1]"
                )
            used.add(placement.key)
            placed[placement.name] = placement
        return placed

    def place(self, placed: dict[str, Placement]) -> None:
        """Put every body where a checked layout says, and the others out of the way. All must be at rest and apart."""
        used = {placement.key for placement in placed.values()}
        for index, spec in enumerate(self.specs):
            if spec.key not in used:
                self._park(index, spec)
        for placement in placed.values():
            spec = self._spec[placement.key]
            x, y, z = placement.position
            if spec.shape == "zone":
                z = _ZONE_THICKNESS - spec.size[2] / 2.0
            half = placement.yaw / 2.0
            self._put(spec.key, (x, y, z), (0.0, 0.0, math.sin(half), math.cos(half)))
            joint, link = self._assemblies[spec.key].joint, self._loaded[spec.key].joint_link
            if joint is not None and placement.joint:
                start = placement.joint * joint.travel
                self._bullet.resetJointState(self._ids[spec.key], link, start, 0.0, **self._on)
        self.adopt(placed.values())
        self.presses.reset()

    def adopt(self, layout: Iterable[Placement]) -> None:
        """Take over names and colours of a layout whose bodies are in their places already."""
        self._placed = {placement.name: placement for placement in layout}
        self._names = {self._ids[placement.key]: name for name, placement in self._placed.items()}

    def move_to_limbo(self) -> None:
        """Bring all bodies far apart."""
        for index, spec in enumerate(self.specs):
            self._put(spec.key, (0.0, 0.0, LIMBO * (index + 1)))

    def _parking(self) -> list[tuple[float, float]]:
        """A place for every body, (x, y), row by row.

        Raises:
            TaskError: there are too many bodies.
        """
        (first, last), (right, left) = _ROWS[self._ground]
        widest = max((math.hypot(spec.size[0], spec.size[1]) for spec in self.specs), default=0.0)
        spacing = max(_SPACING, widest + _BESIDE)
        deep = range(int(abs(last - first) / spacing) + 1)
        wide = range(int((left - right) / spacing) + 1)
        back = math.copysign(spacing, last - first)
        places = [(first + row * back, right + column * spacing) for row in deep for column in wide]
        if len(places) < len(self.specs):
            raise TaskError(
                f"a world on a {self._ground} has room for {len(places)} bodies of up to {widest:.2f} m across, "
                f"not for {len(self.specs)}"
            )
        return places

    def _park(self, index: int, spec: BodySpec) -> None:
        floor = 0.0 if self._ground == "floor" else FLOOR
        self._put(spec.key, (*self._places[index], floor + spec.size[2] / 2.0))

    def _put(
        self,
        key: str,
        position: tuple[float, float, float],
        quaternion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0),
    ) -> None:
        self._bullet.resetBasePositionAndOrientation(self._ids[key], position, quaternion, **self._on)

    # Asking

    def names(self) -> tuple[str, ...]:
        """Names of the bodies of this episode, in the order of the layout."""
        return tuple(self._placed)

    def layout(self) -> tuple[Placement, ...]:
        """The layout of this episode, as it began."""
        return tuple(self._placed.values())

    def number(self, name: str) -> int:
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

    def numbers(self) -> frozenset[int]:
        """Bullet's numbers of the bodies of this episode."""
        return frozenset(self._names)

    def loaded(self) -> list[tuple[int, BodySpec]]:
        """Bullet's number of every body, in the order in which they were loaded, and what it is."""
        return [(self._ids[spec.key], spec) for spec in self.specs]

    def name_of(self, number: int) -> str | None:
        """The name of the body with Bullet's number; None for everything else."""
        return self._names.get(number)

    def spec(self, name: str) -> BodySpec:
        """What a body is.

        Raises:
            UnknownObject: no body has this name.
        """
        self.number(name)
        return self._spec[self._placed[name].key]

    def pose(self, name: str) -> Pose:
        """A body's pose in the world frame."""
        position, quaternion = self._bullet.getBasePositionAndOrientation(self.number(name), **self._on)
        return Pose(position, quaternion)

    def color(self, name: str) -> str:
        """A body's colour in this episode."""
        spec = self.spec(name)
        return self._placed[name].color or spec.color

    def joint(self, name: str) -> JointState:
        """Where a body's joint is.

        Raises:
            UnknownObject: no body has this name.
            NotArticulated: it has no joint.
        """
        joint, link = self._jointed(name)
        position, velocity = self._bullet.getJointState(self.number(name), link, **self._on)[:2]
        return JointState(joint.kind, position, velocity, 0.0, joint.travel, self.presses.count(name))

    def _button_fractions(self) -> dict[str, float]:
        fractions = {}
        for name, placement in self._placed.items():
            joint, loaded = self._assemblies[placement.key].joint, self._loaded[placement.key]
            if joint is not None and joint.counts:
                state = self._bullet.getJointState(loaded.body, loaded.joint_link, **self._on)
                fractions[name] = state[0] / joint.travel
        return fractions

    def handle(self, name: str) -> Handle:
        """Where a hand takes hold of what a body's joint moves.

        Raises:
            UnknownObject, NotArticulated: as for `joint`.
        """
        joint, _ = self._jointed(name)
        return articulation.handle(self._assembly(name), joint, self.pose(name), self.joint(name))

    def room(self, name: str) -> Room:
        """The room in a body into which things go, as it stands now.

        Raises:
            UnknownObject: no body has this name.
            NotHollow: nothing can lie in it.
        """
        assembly = self._assembly(name)
        position = self.joint(name).position if assembly.joint else 0.0
        room = articulation.room(assembly, self.pose(name), position)
        if room is None:
            raise NotHollow(f"nothing can be put into {name!r}; {self._those(lambda assembly: assembly.hollow)}")
        return room

    def grips(self, name: str) -> tuple[Space, ...]:
        """Where a hand takes hold of a body as it stands now, the best place first.

        Raises:
            UnknownObject: no body has this name.
        """
        assembly = self._assembly(name)
        position = self.joint(name).position if assembly.joint else 0.0
        return articulation.grips(assembly, self.pose(name), position)

    def _jointed(self, name: str) -> tuple[Joint, int]:
        self.number(name)
        joint, link = self._assembly(name).joint, self._loaded[self._placed[name].key].joint_link
        if joint is None or link is None:
            raise NotArticulated(
                f"{name!r} has nothing that opens, turns or is pressed; {self._those(lambda assembly: assembly.joint)}"
            )
        return joint, link

    def _those(self, test: Callable[[Assembly], object]) -> str:
        names = [name for name in self._placed if test(self._assembly(name)) is not None]
        return f"there are {', '.join(names)}" if names else "there is no such object"

    def _assembly(self, name: str) -> Assembly:
        self.number(name)
        return self._assemblies[self._placed[name].key]

    def touch(self, a: str, b: str) -> bool:
        """Whether two bodies touch each other."""
        points: Any = self._bullet.getContactPoints(self.number(a), self.number(b), **self._on)
        return any(point[8] < 1e-3 for point in points)

    def exact_state(self) -> list[float]:
        """Poses and velocities of the bodies of this episode and of their joints, as exact numbers for a hash."""
        values: list[float] = []
        for name in self._placed:
            body = self.number(name)
            position, quaternion = self._bullet.getBasePositionAndOrientation(body, **self._on)
            linear, angular = self._bullet.getBaseVelocity(body, **self._on)
            values += [*position, *quaternion, *linear, *angular]
            link = self._loaded[self._placed[name].key].joint_link
            if link is not None:
                values += self._bullet.getJointState(body, link, **self._on)[:2]
        return values + self.presses.exact_state()

    # Pictures

    def paint(self, gone: Collection[str] = ()) -> None:
        """Give every body its colour of this episode, before somebody looks, and none to bodies that the episode does
        not use and to those whose names are in `gone`."""
        # Changing a colour costs as much as a reset, so it waits until somebody looks.
        seen = {placement.key: placement for name, placement in self._placed.items() if name not in gone}
        for key, spec in self._spec.items():
            color = (seen[key].color or spec.color) if key in seen else None
            if self._drawn[key] != color:
                loaded, rgba = self._loaded[key], _INVISIBLE if color is None else (*COLORS[color], 1.0)
                for link in loaded.tinted:
                    self._bullet.changeVisualShape(loaded.body, link, rgbaColor=rgba, **self._on)
                self._drawn[key] = color
