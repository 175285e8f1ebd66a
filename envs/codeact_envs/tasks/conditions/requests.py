"""Conditions on requests of which some must be refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import PositiveFloat

from codeact.errors import TaskError
from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Reference, condition
from codeact_envs.tasks.conditions.supports import RestingOn
from codeact_envs.tasks.snapshot import Snapshot, Vector3, distance

_REFUSED = "refused"
_DISTURBED = 0.05  # metres that a body may move that the request does not speak of
_Moved = tuple[Mapping[str, Vector3], Vector3, float]  # places and the tool at the start; the farthest that any went


@condition("done_or_refused")
class DoneOrRefused(Condition):
    """A request was done where it can be, and else refused with nothing moved.

    The request's value is `{what: role, where: role}` for a body that must come to rest on or in another, within
    `within` metres of its middle, while all others stay in place; and `{}` for one that must be refused: `finish` was
    given a text that begins with "refused", and neither a body nor the tool ever moved by more than `still` metres.
    """

    follows: ClassVar[bool] = True
    judges = "tool"
    request: Reference
    within: PositiveFloat
    still: PositiveFloat = 0.01

    def _wanted(self, cast: Cast) -> RestingOn | None:
        request: Any = cast.values[self.request[1:]]
        if not request:
            return None
        try:
            what, where = request["what"], request["where"]
            cast.name(what), cast.name(where)
        except (KeyError, TypeError, ValueError):
            raise TaskError(
                f"done_or_refused: a request is {{}} or {{what: role, where: role}}, roles of one body each; "
                f"not {request!r}"
            ) from None
        return RestingOn(what=what, where=where, within=self.within, partial="distance")

    def begin(self, cast: Cast, start: Snapshot) -> _Moved:
        assert start.tool is not None
        return {name: body.position for name, body in start.bodies.items()}, start.tool, 0.0

    def follow(self, cast: Cast, memory: _Moved, now: Snapshot) -> _Moved:
        places, tool, farthest = memory
        assert now.tool is not None
        moved = [distance(body.position, places[name]) for name, body in now.bodies.items()]
        return places, tool, max(farthest, distance(now.tool, tool), *moved)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        refused = isinstance(now.answer, str) and now.answer.strip().lower().startswith(_REFUSED)
        wanted = self._wanted(cast)
        if wanted is None:
            met = refused and now.memory[2] <= self.still
            return Reading(met, met, 1.0 if met else 0.0)
        if refused or not self._others_lie_still(cast, wanted, start, now):
            return Reading(False, False, 0.0)
        return wanted.read(cast, start, now)

    @staticmethod
    def _others_lie_still(cast: Cast, wanted: RestingOn, start: Snapshot, now: Snapshot) -> bool:
        return all(
            distance(body.position, start.bodies[name].position) <= _DISTURBED
            for name, body in now.bodies.items()
            if name != cast.name(wanted.what)
        )
