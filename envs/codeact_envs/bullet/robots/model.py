"""Model files: URDF texts put together from parts, with absolute mesh paths, ready for Bullet and for kinematics."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.geometry.rotations import from_roll_pitch_yaw, matrix_of, roll_pitch_yaw

Vector = tuple[float, ...]

_MASSLESS = 0.001  # kilograms of a link that names no inertia: Bullet would take one kilogram


@dataclass(frozen=True)
class Attachment:
    """A model file fixed to a link of another.

    Attributes:
        urdf: the part's model file; its root link is the one that is fixed.
        link: where to, in the model that it is added to.
        position, rotation: of the part's root in that link's frame: metres, and roll, pitch, yaw in radians.
    """

    urdf: Path
    link: str
    position: Vector = (0.0, 0.0, 0.0)
    rotation: Vector = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Joint:
    """A joint as the file has it: limits in radians or metres, newton metres or newtons; NaN where there is none."""

    name: str
    kind: str
    parent: str
    child: str
    lower: float
    upper: float
    effort: float
    velocity: float


class RobotModel:
    """One robot's URDF.

    Args:
        urdf: the main model file.
        attachments: parts that are fixed to it, in this order; names of links and joints must not repeat.
        leave_out: links that are fixed to another and have neither shape nor mass. What hangs on them stays in place.

    Raises:
        TaskError: a file is no URDF, a mesh is missing, a link is unknown, or two parts share a name; or a link that is
            to be left out has a shape or a mass, or moves.
    """

    def __init__(self, urdf: Path, attachments: Sequence[Attachment] = (), leave_out: Sequence[str] = ()) -> None:
        self.source = urdf
        self._root = _read(urdf)
        for part in attachments:
            self._attach(part)
        self._require_unique("link")
        self._require_unique("joint")
        for name in leave_out:
            self._leave_out(name)

    def _attach(self, part: Attachment) -> None:
        if part.link not in self.links:
            raise TaskError(f"{part.urdf} cannot be fixed to the link {part.link!r}: {self.source} has no such link")
        added = _read(part.urdf)
        names = [link.get("name", "") for link in added.findall("link")]
        children = {child.get("link") for child in added.findall("joint/child")}
        root = next(name for name in names if name not in children)
        joint = ElementTree.SubElement(self._root, "joint", name=f"{part.link}_to_{root}", type="fixed")
        words = (" ".join(repr(float(value)) for value in values) for values in (part.position, part.rotation))
        ElementTree.SubElement(joint, "origin", dict(zip(("xyz", "rpy"), words, strict=True)))
        ElementTree.SubElement(joint, "parent", link=part.link)
        ElementTree.SubElement(joint, "child", link=root)
        self._root.extend(list(added))

    def _leave_out(self, name: str) -> None:
        link = self._root.find(f"link[@name='{name}']")
        if link is None:
            raise TaskError(f"{self.source} has no link {name!r} to leave out")
        holder = next((joint for joint in self._root.findall("joint") if _end(joint, "child") == name), None)
        if holder is None or holder.get("type") != "fixed":
            raise TaskError(f"{self.source}: the link {name!r} is not fixed to another; it cannot be left out")
        mass = link.find("inertial/mass")
        heavy = mass is not None and float(mass.get("value", "0")) > _MASSLESS
        if heavy or link.find("collision") is not None or link.find("visual") is not None:
            raise TaskError(f"{self.source}: the link {name!r} has a shape or a mass; it cannot be left out")
        for joint in self._root.findall("joint"):
            if _end(joint, "parent") == name:
                _set_origin(joint, _origin(holder) @ _origin(joint))
                for parent in joint.findall("parent"):
                    parent.set("link", _end(holder, "parent"))
        self._root.remove(link)
        self._root.remove(holder)

    def _require_unique(self, tag: str) -> None:
        names = [element.get("name") for element in self._root.findall(tag)]
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        if repeated:
            raise TaskError(f"{self.source}: more than one {tag} is called {', '.join(repeated)}")

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the links, in the file's order."""
        return tuple(link.get("name", "") for link in self._root.findall("link"))

    @cached_property
    def joints(self) -> dict[str, Joint]:
        """Joints by name, in the file's order."""
        return {joint.name: joint for joint in map(_joint, self._root.findall("joint"))}

    @cached_property
    def text(self) -> str:
        """The whole URDF."""
        return ElementTree.tostring(self._root, encoding="unicode")

    def below(self, link: str) -> tuple[str, ...]:
        """`link` and the links that hang on it, directly or not."""
        found = [link]
        for name in found:
            found += [joint.child for joint in self.joints.values() if joint.parent == name]
        return tuple(found)

    def chain(self, base_link: str, tool_link: str, limits: Mapping[str, tuple[float, float]]) -> str:
        """A URDF of the joints between two links only, without shapes, with these position limits in place of its own.

        Raises:
            TaskError: the tool link does not hang on the base link.
        """
        by_child = {joint.child: joint for joint in self.joints.values()}
        chain: list[Joint] = []
        link = tool_link
        while link != base_link:
            if link not in by_child:
                raise TaskError(f"{self.source}: the link {tool_link!r} does not hang on {base_link!r}")
            chain.insert(0, by_child[link])
            link = chain[0].parent
        out = ElementTree.Element("robot", name="chain")
        ElementTree.SubElement(out, "link", name=base_link)
        for joint in chain:
            ElementTree.SubElement(out, "link", name=joint.child)
            found = self._root.find(f"joint[@name='{joint.name}']")
            assert found is not None
            copy = ElementTree.SubElement(out, "joint", dict(found.attrib))
            copy.extend(child for child in found if child.tag in ("origin", "parent", "child", "axis"))
            if joint.kind != "fixed":
                lower, upper = limits[joint.name]
                words = {"lower": repr(float(lower)), "upper": repr(float(upper)), "effort": "1", "velocity": "1"}
                ElementTree.SubElement(copy, "limit", words)
        return ElementTree.tostring(out, encoding="unicode")

    def load(self, bullet: Any, client: int, position: Vector, yaw: float, fixed: bool, flags: int = 0) -> int:
        """Load the robot; returns Bullet's number. `position` in metres and `yaw` in radians are its root link's;
        `flags` are Bullet's own."""
        with tempfile.NamedTemporaryFile("w", suffix=".urdf", encoding="utf-8") as file:
            file.write(self.text)
            file.flush()
            body: int = bullet.loadURDF(
                file.name,
                basePosition=position,
                baseOrientation=(0.0, 0.0, math.sin(yaw / 2.0), math.cos(yaw / 2.0)),
                useFixedBase=fixed,
                flags=flags,
                physicsClientId=client,
            )
        return body


def _read(urdf: Path) -> ElementTree.Element:
    try:
        root = ElementTree.parse(urdf).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise TaskError(f"{urdf} is no URDF: {error}") from error
    if root.tag != "robot" or root.find("link") is None:
        raise TaskError(f"{urdf} is no URDF: it has no <robot> with links")
    for mesh in root.iter("mesh"):
        mesh.set("filename", str(_mesh_file(urdf, mesh.get("filename", ""))))
    for link in root.findall("link"):
        if link.find("inertial") is None:
            inertial = ElementTree.SubElement(link, "inertial")
            ElementTree.SubElement(inertial, "mass", value=repr(_MASSLESS))
            little = repr(_MASSLESS * 1e-3)
            ElementTree.SubElement(inertial, "inertia", ixx=little, ixy="0", ixz="0", iyy=little, iyz="0", izz=little)
    return root


def _mesh_file(urdf: Path, name: str) -> Path:
    """Beside the URDF, or above it as ROS packages have it, or in a Python package: `package://pybullet_data/...`."""
    from importlib.util import find_spec

    plain = name.removeprefix("package://")
    places = [folder / plain for folder in (urdf.parent, *list(urdf.parents)[1:4])]
    package, _, rest = plain.partition("/")
    if name.startswith("package://") and package.isidentifier() and (spec := find_spec(package)) is not None:
        places += [Path(folder) / rest for folder in spec.submodule_search_locations or ()]
    for place in places:
        if place.is_file():
            return place.resolve()
    raise TaskError(f"{urdf}: there is no mesh {name!r}")


def _end(joint: ElementTree.Element, tag: str) -> str:
    """The name of a joint's link, `parent` or `child`."""
    link = joint.find(tag)
    return "" if link is None else link.get("link", "")


def _origin(joint: ElementTree.Element) -> NDArray[np.float64]:
    """Where a joint's child lies in its parent's frame, 4x4."""
    found = joint.find("origin")
    words = {} if found is None else found.attrib
    (x, y, z), (roll, pitch, yaw) = (map(float, words.get(key, "0 0 0").split()) for key in ("xyz", "rpy"))
    return matrix_of(Pose((x, y, z), from_roll_pitch_yaw((roll, pitch, yaw))))


def _set_origin(joint: ElementTree.Element, matrix: NDArray[np.float64]) -> None:
    for old in joint.findall("origin"):
        joint.remove(old)
    xyz, rpy = (" ".join(map(repr, values)) for values in (matrix[:3, 3].tolist(), roll_pitch_yaw(matrix)))
    ElementTree.SubElement(joint, "origin", xyz=xyz, rpy=rpy)


def _joint(element: ElementTree.Element) -> Joint:
    limit = element.find("limit")
    found = {} if limit is None else limit.attrib
    return Joint(
        name=element.get("name", ""),
        kind=element.get("type", ""),
        parent=_end(element, "parent"),
        child=_end(element, "child"),
        lower=float(found.get("lower", "nan")),
        upper=float(found.get("upper", "nan")),
        effort=float(found.get("effort", "nan")),
        velocity=float(found.get("velocity", "nan")),
    )
