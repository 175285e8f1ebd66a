"""A motorised linear stage behind 16-bit registers, with a manual, and a queue of requests to serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codeact.tools import Toolbox, tool

WORD, SIGN, WHOLE = 0x10000, 0x80000000, 0x100000000
REGISTERS = ("CONTROL", "STATUS", "TARGET_HIGH", "TARGET_LOW", "POSITION_HIGH", "POSITION_LOW")
_WRITABLE = ("CONTROL", "TARGET_HIGH", "TARGET_LOW")
_MOST_WAIT_MS = 10_000


class NoSuchRegister(LookupError):
    """There is no register at this address, or it cannot be written."""


class NotAWord(ValueError):
    """A register holds a whole number from 0 to 65535; a time is from 1 to 10000 ms."""


class OutOfTurn(RuntimeError):
    """The request before has not been answered, or there is none to answer."""


@dataclass(frozen=True)
class Request:
    """What is asked of the stage: `position` wants its position, `move` wants it at `value`, millimetres."""

    kind: Literal["position", "move"]
    value: float | None = None


@dataclass(frozen=True)
class Stage:
    """What an episode's device is, and what will be asked of it.

    Attributes:
        name: what its manual calls it.
        addresses: of the registers, by name.
        counts: of position in one millimetre.
        zero: counts at 0 mm.
        low, high: the range that it may move in, millimetres.
        control: bits of the register CONTROL: motor, start, clear.
        status: bits of the register STATUS: motor, moving, fault.
        speed: counts per millisecond.
        begin: counts where it stands at first.
        fault: whether it is in fault at first.
        requests: in order.
    """

    name: str
    addresses: Mapping[str, int]
    counts: int
    zero: int
    low: int
    high: int
    control: Mapping[str, int]
    status: Mapping[str, int]
    speed: int
    begin: int
    fault: bool
    requests: tuple[Request, ...]

    def to_counts(self, millimetres: float) -> int:
        return self.zero + round(millimetres * self.counts)

    def to_millimetres(self, counts: int) -> float:
        return (counts - self.zero) / self.counts

    def may_be_at(self, counts: int) -> bool:
        return self.to_counts(self.low) <= counts <= self.to_counts(self.high)

    @property
    def manual(self) -> str:
        table = "\n".join(
            f"  {name} 0x{address:04X} ({'read and write' if name in _WRITABLE else 'read'})"
            for name, address in sorted(self.addresses.items(), key=lambda entry: entry[1])
        )
        return f"""Manual of the {self.name}

Registers, each of 16 bits, read and written as numbers from 0 to 65535:
{table}
A position is a signed number of counts in two's complement of 32 bits; HIGH holds its upper and LOW its lower 16 bits.
{self.counts} counts are 1 mm, and 0 mm is at {self.zero} counts. It may be moved from {self.low} mm to {self.high} mm.
CONTROL: bit {self.control["motor"]} switches the motor on, bit {self.control["start"]} starts a motion to TARGET and \
falls back to 0 by itself, bit {self.control["clear"]} clears a fault and falls back as well.
STATUS: bit {self.status["motor"]} says that the motor is on, bit {self.status["moving"]} that it moves, \
bit {self.status["fault"]} that it is in fault.
A motion may be started when the motor is on, nothing moves, there is no fault, and TARGET lies inside the
range; a start at any other time is a misuse, moves nothing, and puts the stage in fault. It may be in fault
after power-up. Bit 0 is the lowest one. The motor may be switched on by the write that starts. Switched off on
its way, the stage stops there.
It moves at {self.speed} counts a millisecond. No time passes but in wait(milliseconds)."""


_IDLE = Stage(
    "stage",
    dict(zip(REGISTERS, range(6), strict=True)),
    100,
    0,
    0,
    1,
    {"motor": 0, "start": 1, "clear": 2},
    {"motor": 0, "moving": 1, "fault": 2},
    1,
    0,
    False,
    (),
)


class StageService:
    """The registers of a stage, and the requests. A `Service` of `codeact_envs.tool_use`."""

    def __init__(self) -> None:
        tools = ["manual", "read_register", "write_register", "wait", "next_request", "answer"]
        self.toolbox = Toolbox.of(self, allow=tools, errors=[NoSuchRegister, NotAWord, OutOfTurn])
        self.load(_IDLE)

    def load(self, data: Stage) -> None:
        self._stage = data
        self._names = {address: name for name, address in data.addresses.items()}
        self._position, self._goal = data.begin, data.begin
        self._words = {"TARGET_HIGH": 0, "TARGET_LOW": 0}
        self._motor, self._fault = False, data.fault
        self._given = 0  # requests that were handed out
        self._served: list[dict[str, Any]] = []
        self._at_request = data.begin
        self._misused: list[str] = []

    def shown(self) -> str:
        left = len(self._stage.requests) - len(self._served)
        return f"A {self._stage.name} behind registers; {left} requests are not answered yet."

    def state(self) -> Mapping[str, Any]:
        return {
            "position": self._position,
            "goal": self._goal,
            "words": dict(self._words),
            "motor": self._motor,
            "fault": self._fault,
            "given": self._given,
            "at_request": self._at_request,
            "served": [dict(entry) for entry in self._served],
            "misused": list(self._misused),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self._position, self._goal = state["position"], state["goal"]
        self._words = dict(state["words"])
        self._motor, self._fault = state["motor"], state["fault"]
        self._given, self._at_request = state["given"], state["at_request"]
        self._served = [dict(entry) for entry in state["served"]]
        self._misused = list(state["misused"])

    def close(self) -> None:
        pass

    # The device

    @tool(effect="read")
    def manual(self) -> str:
        """What the device's maker says about its registers."""
        return self._stage.manual

    @tool(effect="read")
    def read_register(self, address: int) -> int:
        """The 16 bits of a register, as a number from 0 to 65535. Raises NoSuchRegister."""
        name = self._name(address)
        if name == "CONTROL":
            return int(self._motor) << self._stage.control["motor"]
        if name == "STATUS":
            flags = {"motor": self._motor, "moving": self._moves, "fault": self._fault}
            return sum(1 << self._stage.status[flag] for flag, up in flags.items() if up)
        if name in self._words:
            return self._words[name]
        whole = self._position % WHOLE
        return whole // WORD if name == "POSITION_HIGH" else whole % WORD

    @tool(effect="write")
    def write_register(self, address: int, value: int) -> None:
        """Write 16 bits, a number from 0 to 65535, to a register. Raises NoSuchRegister, NotAWord."""
        name = self._name(address)
        if name not in _WRITABLE:
            raise NoSuchRegister(f"the register 0x{address:04X} can only be read")
        if not 0 <= value < WORD:
            raise NotAWord(f"a register holds a whole number from 0 to 65535, not {value}")
        if name in self._words:
            self._words[name] = value
        else:
            self._command({bit: bool(value >> place & 1) for bit, place in self._stage.control.items()})

    @tool(effect="write")
    def wait(self, milliseconds: int) -> None:
        """Let 1 to 10000 milliseconds of the device's time pass. Raises NotAWord."""
        if not 1 <= milliseconds <= _MOST_WAIT_MS:
            raise NotAWord(f"a time is from 1 to {_MOST_WAIT_MS} ms, not {milliseconds}")
        step, left = self._stage.speed * milliseconds, self._goal - self._position
        self._position += max(-step, min(step, left))

    def _name(self, address: int) -> str:
        if address not in self._names:
            raise NoSuchRegister(f"there is no register at 0x{address:04X}; the manual lists them")
        return self._names[address]

    @property
    def _moves(self) -> bool:
        return self._goal != self._position

    def _command(self, bits: Mapping[str, bool]) -> None:
        self._motor = bits["motor"]
        if not self._motor:
            self._goal = self._position
        if bits["clear"]:
            self._fault = False
        if not bits["start"]:
            return
        whole = self._words["TARGET_HIGH"] * WORD + self._words["TARGET_LOW"]
        target = whole - WHOLE if whole >= SIGN else whole
        reasons = {
            "the motor was off": not self._motor,
            "it moved": self._moves,
            "it was in fault": self._fault,
            "the target was out of range": not self._stage.may_be_at(target),
        }
        wrong = next((reason for reason, holds in reasons.items() if holds), None)
        if wrong is None:
            self._goal = target
        else:
            self._fault = True
            self._misused.append(f"a motion was started while {wrong}")

    # The requests

    @tool(effect="write")
    def next_request(self) -> Request | None:
        """The next request, or None when all have been answered. Raises OutOfTurn before the last one is answered."""
        if self._given > len(self._served):
            raise OutOfTurn("the request before has not been answered: answer(...) it first")
        if self._given == len(self._stage.requests):
            return None
        self._given += 1
        self._at_request = self._position
        return self._stage.requests[self._given - 1]

    @tool(effect="write")
    def answer(self, value: float | str) -> None:
        """Answer the last request. Raises OutOfTurn when there is none."""
        if self._given == len(self._served):
            raise OutOfTurn("there is no request to answer: ask for the next_request() first")
        self._served.append(
            {
                "answer": value,
                "position": self._position,
                "moving": self._moves,
                "stayed": self._position == self._at_request and not self._moves,
            }
        )
