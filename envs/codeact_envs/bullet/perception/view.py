"""What a robot's programs know of the table: the same questions, whoever answers them.

`Perception` is the face that planner and tools work with. `Privileged` answers with the truth; the other tiers answer
with what they have seen. Nothing of it is handed to a program: programs get the tools' plain values only.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from codeact.errors import TaskError
from codeact_envs.bullet.bodies import articulation
from codeact_envs.bullet.bodies.articulation import Handle, JointState, Room, Space
from codeact_envs.bullet.bodies.assembly import Assembly
from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import NotArticulated, NotUnderstood, UnknownObject
from codeact_envs.bullet.geometry.poses import Pose, Vector3
from codeact_envs.bullet.perception.queries import find_all, find_one
from codeact_envs.bullet.perception.seen import Seen, inside, rests_on

if TYPE_CHECKING:
    from codeact_envs.bullet.arms.arm import SimulatedArm
    from codeact_envs.bullet.arms.controller import ArmController
    from codeact_envs.bullet.robots import ArmDescription
    from codeact_envs.bullet.world import BulletWorld

Tier = Literal["privileged", "noisy", "camera"]
TIERS: tuple[Tier, ...] = ("privileged", "noisy", "camera")
_FRAMES = 3  # for which a thing that is not seen is waited for


class Perception(ABC):
    """What is seen of one world. It remembers only what a state restores with `recall`.

    Attributes:
        tier: one of `TIERS`.
        world: the robot's side of it is anybody's; its bodies are the truth, for `Privileged` and sensors only.
    """

    tier: ClassVar[Tier]

    def __init__(self, world: BulletWorld) -> None:
        self.world = world

    # The robot knows itself

    @property
    def robot(self) -> ArmDescription:
        return self.world.robot

    @property
    def arm(self) -> SimulatedArm:
        return self.world.arm

    @property
    def controller(self) -> ArmController:
        return self.world.controller

    def settle(self, seconds: float) -> None:
        """Let simulated time pass, so that the next look is a new one."""
        self.world.settle(seconds)

    # What each tier answers in its own way

    @abstractmethod
    def known(self) -> Mapping[str, Seen]:
        """Everything that is known to be on the table, by name, as last seen."""

    @abstractmethod
    def held(self, arm: str | None = None) -> str | None:
        """The name of what a gripper holds, the first arm's unless another is named, or None."""

    def visible(self) -> tuple[str, ...]:
        """Names of what is seen at this moment."""
        return self.names()

    def gripper_moved(self) -> None:  # noqa: B027
        """To be called when the fingers have closed or opened, before the hand moves on."""

    def retry_s(self) -> float:
        """Seconds after which something unseen may be seen; 0 when looking again shows nothing new."""
        return 0.0

    def reset(self) -> None:  # noqa: B027
        """Forget the last episode."""

    def memory(self) -> Any:
        """What `recall` takes."""
        return None

    def recall(self, memory: Any) -> None:  # noqa: B027
        """Know what was known when `memory` was called."""

    # Looking things up

    def names(self) -> tuple[str, ...]:
        return tuple(self.known())

    def seen(self, name: str) -> Seen:
        """What is known of a thing, by its exact name.

        Raises:
            UnknownObject: nothing of that name is known; the message suggests near ones.
        """
        known = self.known()
        if name not in known:
            raise UnknownObject(unknown(name, tuple(known)))
        return known[name]

    def spec(self, name: str) -> BodySpec:
        return self.seen(name).spec

    def pose(self, name: str) -> Pose:
        return self.seen(name).pose

    def size(self, name: str) -> Vector3:
        return self.seen(name).size

    def color(self, name: str) -> str:
        return self.seen(name).color

    def rests(self, name: str, target: str) -> bool:
        """Whether one thing rests on or in another."""
        one, other = self.seen(name), self.seen(target)
        return rests_on(one, other) or inside(one, other)

    def joint(self, name: str) -> JointState:
        """Where the joint of a thing is.

        Raises:
            UnknownObject: nothing of that name is known.
            NotArticulated: it has no joint, or none that is seen.
        """
        raise NotArticulated(f"nothing is seen of {self.seen(name).name!r} that opens, turns or is pressed")

    def opened(self, name: str) -> float:
        """The share of its travel at which the joint of a thing is, as it is seen. Raises as `joint`."""
        return self.joint(name).fraction

    def joint_position(self, name: str) -> float:
        """Metres or radians; 0 for what has no joint, or none that is seen."""
        if self._assembly(name).joint is None:
            return 0.0
        with contextlib.suppress(NotArticulated):
            return self.joint(name).position
        return 0.0

    def handle(self, name: str) -> Handle:
        """Where a hand takes hold of what the joint of a thing moves. Raises as `joint`."""
        state, assembly = self.joint(name), self._assembly(name)
        assert assembly.joint is not None
        return articulation.handle(assembly, assembly.joint, self.pose(name), state)

    def room(self, name: str) -> Room | None:
        """The room in a thing into which others go; None where there is none."""
        return articulation.room(self._assembly(name), self.pose(name), self.joint_position(name))

    def grips(self, name: str) -> tuple[Space, ...]:
        """Where a hand takes hold of a thing, the best place first; empty where any place is as good."""
        return articulation.grips(self._assembly(name), self.pose(name), self.joint_position(name))

    def _assembly(self, name: str) -> Assembly:
        spec = self.spec(name)
        return SHAPES[spec.shape].assembly(spec.size)

    def resolve(self, words: str) -> str:
        """The name of the thing that an exact name, or a description, means. Where looking again may show more, it
        waits for a few frames before it says that there is no such thing.

        Raises:
            UnknownObject: there is no such thing.
            Ambiguous: the description fits several.
        """
        return self._patiently(lambda: self._meant(words))

    def _patiently(self, ask: Callable[[], str]) -> str:
        for _ in range(_FRAMES if self.retry_s() else 0):
            with contextlib.suppress(UnknownObject):
                return ask()
            self.settle(self.retry_s())
        return ask()

    def _meant(self, words: str) -> str:
        known = self.known()
        if words in known:
            return words
        try:
            return find_one(words, tuple(known.values())).name
        except NotUnderstood as error:
            raise UnknownObject(unknown(words, tuple(known))) from error

    def find(self, query: str) -> str:
        """As `resolve`, but it says which words were not understood."""
        return self._patiently(lambda: self._found(query))

    def _found(self, query: str) -> str:
        known = self.known()
        return query if query in known else find_one(query, tuple(known.values())).name

    def find_all(self, query: str) -> list[str]:
        return [thing.name for thing in find_all(query, tuple(self.known().values()))]


class Privileged(Perception):
    """The truth: every body by its name, where the simulator has it."""

    tier: ClassVar[Tier] = "privileged"

    def known(self) -> Mapping[str, Seen]:
        return {name: self.seen(name) for name in self.world.names()}

    def seen(self, name: str) -> Seen:
        spec = self.world.spec(name)
        return Seen(name, spec.shape, self.world.color(name), spec.size, self.world.pose(name))

    def held(self, arm: str | None = None) -> str | None:
        return self.world.held(arm)

    def rests(self, name: str, target: str) -> bool:
        return self.world.contacts(name, target)

    def joint(self, name: str) -> JointState:
        return self.world.joint(name)

    # Straight from the world: planners ask often.

    def names(self) -> tuple[str, ...]:
        return self.world.names()

    def spec(self, name: str) -> BodySpec:
        return self.world.spec(name)

    def pose(self, name: str) -> Pose:
        return self.world.pose(name)

    def resolve(self, words: str) -> str:
        return words if words in self.world.names() else super().resolve(words)

    def size(self, name: str) -> Vector3:
        return self.world.size(name)

    def color(self, name: str) -> str:
        return self.world.color(name)


class Unaided(Perception):
    """The camera tier of a robot that no detector helps: nothing is known of things but what its pictures show."""

    tier: ClassVar[Tier] = "camera"

    def known(self) -> Mapping[str, Seen]:
        return {}

    def held(self, arm: str | None = None) -> str | None:
        return None


def unknown(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"no object is called {name!r}; did you mean {' or '.join(map(repr, near))}?"
    return f"no object is called {name!r}; there {'are ' + ', '.join(names) if names else 'is nothing on the table'}"


def perceive(tier: str, world: BulletWorld, named: bool = True) -> Perception:
    """The perception of a tier.

    Args:
        named: whether the tools that go with it take names of things; where they do not, pictures are enough.

    Raises:
        TaskError: there is no such tier.
    """
    if tier == "privileged":
        return Privileged(world)
    if tier == "noisy":
        from codeact_envs.bullet.perception.noisy import Noisy

        return Noisy(world)
    if tier == "camera" and (not world.arms or (world.base is not None and not named)):
        return Unaided(world)
    if tier == "camera":
        from codeact_envs.bullet.perception.camera_tier import CameraTier

        return CameraTier(world)
    raise TaskError(no_tier(tier))


def no_tier(tier: object) -> str:
    return f"perception must be one of {', '.join(map(repr, TIERS))}, not {tier!r}"
