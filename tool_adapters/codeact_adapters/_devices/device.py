"""A device as programs use it: limits, ramps, confirmation, waiting, and the way to rest from any thread."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

from codeact.errors import ArgumentError
from codeact.tools.wording import value_text
from codeact_adapters._devices.description import Command, Description, Point, Step
from codeact_adapters._devices.errors import DeviceError, DeviceLost, DeviceStopped, DeviceTimeout
from codeact_adapters._devices.link import Link

T = TypeVar("T")
How = Literal["equal", "at least", "at most"]
_log = logging.getLogger(__name__)
_POLL_S = 0.02  # between two looks at a point that has to be asked for
_RAMP_S = 0.05  # between two steps of a ramp
_LONGEST_STEP_S = 0.1  # whose change one step makes at most: after a pause of the host the device shall not jump
_PATIENCE_S = 0.2  # that a stop gives an exchange that goes on, before it is broken off


class Device:
    """One device behind one connection.

    A stop takes the place of everything that goes on: a function that began before it writes nothing after it.
    """

    def __init__(self, description: Description, link: Link) -> None:
        """Connect.

        Raises:
            DeviceError: that failed.
        """
        self.description = description
        self.link = link
        self._exchange = threading.RLock()
        self._stopping = threading.RLock()
        self._stops = 0
        self._closed = threading.Event()
        link.open(description)
        if description.heartbeat is not None:
            threading.Thread(target=self._beat, name=f"codeact-{description.name}", daemon=True).start()

    # ---- what programs call ----

    def read(self, point: Point) -> Any:
        """The value of a point now; of one that is heard, the last one that came.

        Raises:
            DeviceError: see its subclasses.
        """
        return self._read(point, self._stops)

    def values(self, points: Sequence[Point]) -> dict[str, Any]:
        """The values of several points, by name: of those that are asked for, together; of the others, the last ones.

        Raises:
            DeviceError: see its subclasses.
        """
        begun = self._stops
        asked = [point for point in points if not self.link.hears(point)]
        found = dict(
            zip(
                (point.name for point in asked), self._asked(begun, lambda: self.link.read_together(asked)), strict=True
            )
        )
        return {
            point.name: self._understood(point, found[point.name]) if point.name in found else self._read(point, begun)
            for point in points
        }

    def set(self, point: Point, value: Any) -> None:
        """Write a value, at most as fast as the point allows, and see that it arrived, if the manifest says so.

        Raises:
            DeviceError: see its subclasses.
        """
        begun = self._stops
        for step in self._ramp(point, value, begun):
            self._write(point, point.value.to_raw(step), begun)
        if point.confirm:
            self._see(point, value, begun)

    def call(self, command: Command, arguments: Mapping[str, Any]) -> Any:
        """Give a command, and return its answer.

        Raises:
            DeviceError: see its subclasses.
        """
        raw = {name: command.arguments[name].to_raw(value) for name, value in arguments.items()}

        def give() -> Any:
            self.link.revive()
            return self.link.call(command, raw)

        answer = self._exclusively(self._stops, give)
        of = f"the answer to {self.description.name}.{command.name}()"
        return command.returns.from_raw(answer, of) if command.returns is not None else None

    def wait_for(self, point: Point, value: Any, timeout_s: float, how: How = "equal") -> None:
        """Wait until a point has a value.

        Raises:
            ArgumentError: it can never have it.
            DeviceTimeout: it did not come in time.
            DeviceError: see its other subclasses.
        """
        begun, ends = self._stops, time.monotonic() + timeout_s
        reached = self._comparison(point, value, how)
        while True:
            found = self._read(point, begun, ends)
            if reached(found):
                return
            if time.monotonic() >= ends:
                wanted = f"{'' if how == 'equal' else how + ' '}{point.value.text(value)}"
                raise DeviceTimeout(
                    f"{self._named(point)} did not become {wanted} within {timeout_s:g} s: it is "
                    f"{point.value.text(found)}"
                )
            self._pause(point, begun, ends)

    def wait_for_next(self, point: Point, timeout_s: float) -> Any:
        """The next value that comes of a point that is heard.

        Raises:
            DeviceTimeout: none came in time.
            DeviceError: see its other subclasses.
        """
        begun, ends = self._stops, time.monotonic() + timeout_s
        self._exclusively(begun, self.link.revive)
        heard = self.link.heard(point.name)
        count = heard[2] if heard else 0
        with self.link.changed:
            while (heard := self.link.heard(point.name)) is None or heard[2] == count:
                self._require_going(begun)
                if not self.link.connected:
                    raise DeviceLost(f"the connection to {self.description.name} is lost")
                if time.monotonic() >= ends:
                    raise DeviceTimeout(f"no new value of {self._named(point)} came within {timeout_s:g} s")
                self.link.changed.wait(ends - time.monotonic())
        return self._understood(point, heard[0])

    def age(self, point: Point) -> float:
        """How many seconds ago the last value of a point came.

        Raises:
            DeviceError: none has come.
        """
        heard = self.link.heard(point.name)
        if heard is None:
            raise DeviceError(f"no value of {self._named(point)} has come yet")
        return time.monotonic() - heard[1]

    def stop(self) -> str:
        """Go to rest, from any thread. Returns what was written, in words.

        Raises:
            DeviceError: a step failed, also when it was tried again; all others were taken.
        """
        with self.link.changed:
            self._stops += 1
            self.link.changed.notify_all()
        with self._stopping:  # else a second stop would break off the exchanges of the first
            if not self._exchange.acquire(timeout=_PATIENCE_S):
                self.link.abandon()
                if not self._exchange.acquire(timeout=self.link.timeout_s + _PATIENCE_S):
                    raise DeviceTimeout(f"{self.description.name}: an exchange goes on and cannot be broken off")
            try:
                if self._closed.is_set():
                    return ""  # it was brought to rest then, and nobody may connect again
                failed = self._take_all()
            finally:
                self._exchange.release()
        if failed:
            raise failed[0]
        steps = ", ".join(map(str, self.description.stop))
        return f"{self.description.name} stopped: {steps}" if steps else ""

    def close(self) -> None:
        """Go to rest, and let go of the connection.

        Raises:
            DeviceError: it could not be brought to rest; the connection is let go all the same.
        """
        try:
            if self.description.stop:
                self.stop()
        finally:
            self._closed.set()
            with self._exchange:
                self.link.close()

    # ---- how ----

    def _take_all(self) -> list[DeviceError]:
        failed = []
        for step in self.description.stop:
            problem = self._take(step)
            if problem is not None:
                failed.append(problem)
                if isinstance(problem, DeviceLost) and not self.link.connected:
                    break  # nor could the others be sent
        return failed

    def _take(self, step: Step) -> DeviceError | None:
        problem: DeviceError | None = None
        for _ in range(2):  # the first try may only find that the connection is gone
            was_connected = self.link.connected
            try:
                if isinstance(step.target, Point):
                    self.link.write(step.target, step.target.value.to_raw(step.value))
                else:
                    arguments = step.target.arguments
                    raw = {name: arguments[name].to_raw(value) for name, value in step.value.items()}
                    self.link.call(step.target, raw)
                return None
            except DeviceError as error:
                problem = error
                if not was_connected and not self.link.connected:
                    break
        return problem

    def _read(self, point: Point, begun: int, ends: float | None = None) -> Any:
        if self.link.hears(point):
            if not self.link.connected:
                self._exclusively(begun, self.link.revive)
            return self._last(point, begun, ends or time.monotonic() + self.link.timeout_s)
        return self._understood(point, self._asked(begun, lambda: self.link.read(point)))

    def _asked(self, begun: int, ask: Callable[[], T]) -> T:
        """What an exchange that only reads gives; tried once more where the connection was lost meanwhile."""
        was_connected = self.link.connected
        try:
            return self._exclusively(begun, ask)
        except DeviceLost:
            if not was_connected:
                raise
            return self._exclusively(begun, ask)  # it connects anew

    def _last(self, point: Point, begun: int, ends: float) -> Any:
        with self.link.changed:
            while True:
                self._require_going(begun)
                if not self.link.connected:
                    raise DeviceLost(f"the connection to {self.description.name} is lost")
                heard = self.link.heard(point.name)
                age = time.monotonic() - heard[1] if heard is not None else 0.0
                if heard is not None and (point.max_age_s is None or age <= point.max_age_s):
                    break
                if time.monotonic() >= ends:
                    what = "no value" if heard is None else f"no value for {age:.3g} s"
                    raise DeviceTimeout(f"{what} of {self._named(point)} has come")
                self.link.changed.wait(max(0.0, ends - time.monotonic()))
        return self._understood(point, heard[0])

    def _understood(self, point: Point, raw: object) -> Any:
        if isinstance(raw, Exception):
            raise DeviceError(str(raw))
        return point.value.from_raw(raw, self._named(point))

    def _write(self, point: Point, raw: Any, begun: int) -> None:
        def write() -> None:
            self.link.revive()
            self.link.write(point, raw)

        self._exclusively(begun, write)

    def _exclusively(self, begun: int, exchange: Callable[[], T]) -> T:
        with self._exchange:
            self._require_going(begun)
            try:
                return exchange()
            except DeviceError:
                self._require_going(begun)  # a stop that broke it off is the reason
                raise

    def _require_going(self, begun: int) -> None:
        if self._stops != begun:
            raise DeviceStopped(f"{self.description.name} was stopped")

    def _ramp(self, point: Point, value: Any, begun: int) -> Iterator[Any]:
        """What to write one after the other on the way to a value."""
        if point.rate is not None:
            reached, then = float(self._read(point, begun)), time.monotonic()
            while True:
                now = time.monotonic()
                step = point.rate * min(now - then, _LONGEST_STEP_S)
                if abs(value - reached) <= step:
                    break
                reached, then = reached + math.copysign(step, value - reached), now
                yield int(reached) if point.value.kind is int else reached
                self._sleep(min(_RAMP_S, abs(value - reached) / point.rate), begun)
        yield value

    def _see(self, point: Point, value: Any, begun: int) -> None:
        seen, ends = self.description.points[point.confirm], time.monotonic() + self.link.timeout_s
        tolerance = max(point.tolerance, seen.tolerance)
        while True:
            found = self._read(seen, begun)
            if seen.value.same(found, value, tolerance):
                return
            if time.monotonic() >= ends:
                raise DeviceError(
                    f"{self._named(point)} was set to {point.value.text(value)}, and {self._named(seen)} still is "
                    f"{seen.value.text(found)}"
                )
            self._pause(seen, begun, ends)

    def _comparison(self, point: Point, value: Any, how: How) -> Callable[[Any], bool]:
        described = point.value
        if described.kind is float and type(value) is int and not described.many:
            value = float(value)
        if described.names and value not in described.names:
            names = ", ".join(map(repr, described.names))
            raise ArgumentError(f"{self._named(point)} is one of {names}, not {value_text(value)}")
        if described.many or type(value) is not described.kind:
            wanted = "one value" if described.many else f"a value of type {described.kind.__name__}"
            raise ArgumentError(f"wait_for() takes {wanted} for {self._named(point)}, got {value_text(value)}")
        if how == "equal":
            return lambda found: described.same(found, value, point.tolerance)
        if described.kind not in (int, float):
            raise ArgumentError(f"{self._named(point)} is no number: only how='equal' has a meaning")
        if how == "at least":
            return lambda found: bool(found >= value)
        return lambda found: bool(found <= value)

    def _pause(self, point: Point, begun: int, ends: float) -> None:
        """Until the point may have changed, the time is over, or a stop comes."""
        left = max(0.0, ends - time.monotonic())
        if not self.link.hears(point):
            self._sleep(min(_POLL_S, left), begun)
            return
        with self.link.changed:
            self._require_going(begun)
            self.link.changed.wait(left)
            self._require_going(begun)

    def _sleep(self, seconds: float, begun: int) -> None:
        with self.link.changed:
            self.link.changed.wait_for(lambda: self._stops != begun, seconds)
            self._require_going(begun)

    def _beat(self) -> None:
        heartbeat, count = self.description.heartbeat, 0
        assert heartbeat is not None
        while not self._closed.wait(heartbeat.period_s):
            count = (count + 1) % 10_000
            raw = bool(count % 2) if heartbeat.point.value.raw_kind is bool else count
            with contextlib.suppress(DeviceError), self._exchange:
                if not self._closed.is_set():
                    self.link.write(heartbeat.point, raw)

    def _named(self, point: Point) -> str:
        return f"{self.description.name}.{point.name}"
