"""What perception shows, as geometry: planners must not know what it does not show."""

from __future__ import annotations

from collections.abc import Collection

from codeact_envs.bullet.bodies.assembly import Solid
from codeact_envs.bullet.bodies.parts import placed_solids
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.motion.collisions import CollisionModel
from codeact_envs.bullet.motion.shape_copies import Copy
from codeact_envs.bullet.perception.view import Perception
from codeact_envs.bullet.world import BulletWorld

_FIRST = -2  # numbers that no body of a world has; -1 is Bullet's for none


class ShownBodies:
    """Surrounds the arm of a `CollisionModel` with the bodies that a perception shows, in place of those that the world
    knows. What is no body of the episode - table, furniture of the scene, other robots - stays as it is.

    Args:
        arm: whose gripper holds what is carried.
    """

    def __init__(self, world: BulletWorld, perception: Perception, model: CollisionModel, arm: str) -> None:
        self._world, self._perception, self._model, self._arm = world, perception, model, arm
        self._made: dict[tuple[str, tuple[float, float, float]], list[int]] = {}
        self._names: dict[int, str] = {}

    def look(self, touching: Collection[str] = ()) -> None:
        """Take over where everything is now, as it is seen. Bodies named in `touching` may be touched."""
        perception = self._perception
        self._model.update([self._world.body(name) for name in self._world.names()])
        held = perception.held(self._arm)
        others: list[tuple[Copy, Pose]] = []
        carried: list[tuple[Copy, Pose]] = []
        used: dict[tuple[str, tuple[float, float, float]], int] = {}
        self._names = {}
        for index, name in enumerate(perception.names()):
            spec = perception.spec(name)
            if spec.shape == "zone" or name in touching:
                continue
            number = _FIRST - index
            self._names[number] = name
            for solid, pose in placed_solids(spec, perception.pose(name), perception.joint_position(name)):
                copy = Copy(number, -1, self._body(solid, used))
                (carried if name == held else others).append((copy, pose))
        self._model.add(others, carried)

    def name_of(self, number: int) -> str | None:
        """The name of a body, by the number that the model tells of a hit."""
        return self._names.get(number)

    def _body(self, solid: Solid, used: dict[tuple[str, tuple[float, float, float]], int]) -> int:
        """A body of the model's client with that shape, which nothing else uses in this look."""
        key = (solid.shape, solid.size)
        made = self._made.setdefault(key, [])
        index = used.get(key, 0)
        used[key] = index + 1
        if index == len(made):
            made.append(self._make(solid))
        return made[index]

    def _make(self, solid: Solid) -> int:
        bullet, on = self._model.bullet, {"physicsClientId": self._model.client}
        x, y, z = (extent / 2.0 for extent in solid.size)
        if solid.shape == "box":
            shape = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=(x, y, z), **on)
        elif solid.shape == "cylinder":
            shape = bullet.createCollisionShape(bullet.GEOM_CYLINDER, radius=x, height=2.0 * z, **on)
        else:
            shape = bullet.createCollisionShape(bullet.GEOM_SPHERE, radius=x, **on)
        body: int = bullet.createMultiBody(0.0, shape, -1, **on)
        return body
