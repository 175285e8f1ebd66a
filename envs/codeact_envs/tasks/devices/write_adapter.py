"""The task of writing an adapter for a device whose manual is all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from codeact_envs.tasks.devices.stage import REGISTERS, Request, Stage, StageService
from codeact_envs.tasks.protocol import EpisodeLimits, Judgement, Plan, Values
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.world import ToolUseWorld

if TYPE_CHECKING:
    import numpy as np

DEVICES = Vocabulary(
    seen=("linear stage", "camera slider", "focus drive", "sample shuttle", "gantry axis"),
    unseen=("syringe pump", "mirror mount", "blade positioner"),
)
TEMPLATES = (
    "Write an adapter for the {device} from its manual(), and serve all requests with it.",
    "There is no driver for the {device}, only manual() and registers. Write functions that drive it, and use them to "
    "answer every request.",
    "Make the registers of the {device} into a clean interface, position() and move(millimetres), and then work off "
    "the queue of requests through it.",
    "Read the manual() of the {device}, program an adapter class for it, and let that answer request after request.",
    "Somebody needs a {device} that understands millimetres, where its registers only know counts. Write that layer "
    "and serve the requests.",
)
FORM = (
    "next_request() gives a request until it gives None. To `position`, answer(...) with the position in "
    "millimetres. To `move`, bring it to `value` millimetres and answer('done') when it stands there; where the "
    "manual does not allow that place, answer('refused') and do not move. Misuse the device nowhere, and switch its "
    "motor off in the end. The requests cannot be seen in advance: places on both sides of 0 mm and outside the "
    "range will be among them."
)
_LOOSE = 0.5  # factor on the score when the device was misused, or its motor left on

_ADAPTER = """
import re

text = manual()
address = {name: int(number, 16) for name, number in re.findall(r"(\\w+) 0x(\\w+) ", text)}
counts, zero = map(int, re.search(r"(\\d+) counts are 1 mm, and 0 mm is at (-?\\d+) counts", text).groups())
low, high = map(int, re.search(r"moved from (-?\\d+) mm to (-?\\d+) mm", text).groups())
control, status = text[text.index("CONTROL: "):].split("STATUS: ")
motor, start, clear = (1 << int(bit) for bit in re.findall(r"bit (\\d+) [sc]", control)[:3])
moving, fault = (1 << int(re.search(rf"bit (\\d+) that it {what}", status)[1]) for what in ("moves", "is in fault"))


class Adapter:
    def position(self):
        whole = read_register(address["POSITION_HIGH"]) << 16 | read_register(address["POSITION_LOW"])
        return ((whole - (1 << 32) if whole >> 31 else whole) - zero) / counts

    def move(self, millimetres):
        if not low <= millimetres <= high:
            return False
        if read_register(address["STATUS"]) & fault:
            write_register(address["CONTROL"], motor | clear)
        whole = (round(millimetres * counts) + zero) % (1 << 32)
        write_register(address["TARGET_HIGH"], whole >> 16)
        write_register(address["TARGET_LOW"], whole & 0xFFFF)
        write_register(address["CONTROL"], motor | start)
        while read_register(address["STATUS"]) & moving:
            wait(50)
        return True

    def off(self):
        write_register(address["CONTROL"], 0)
"""
_SERVE = """
adapter = Adapter()
while (request := next_request()) is not None:
    if request.kind == "position":
        answer(adapter.position())
    else:
        answer("done" if adapter.move(request.value) else "refused")
adapter.off()
"""
ORACLE = _ADAPTER + "\n" + _SERVE
# Where 0 mm is was overlooked, and so was the range.
OPPOSITE = _ADAPTER + "\nzero, low, high = 0, -10**6, 10**6\n" + _SERVE


class WriteDeviceAdapter:
    """Write an adapter for a device that is known by its manual. Implements `codeact_envs.tasks.Task`.

    Each request is checked against the device's own state when it is answered: what the adapter looks like does not
    matter, what it does. The score is the share of requests that were served right, halved when the device was misused
    or its motor is on.
    """

    name = "write_device_adapter"
    title = "Write an adapter for a device from its manual"
    family = "I"
    tier = "high"
    limits = EpisodeLimits(turns=10, simulated_seconds=1.0, tool_calls=1000)

    def make_world(self) -> ToolUseWorld:
        return ToolUseWorld(StageService)

    def draw(self, random: np.random.Generator, values: Values) -> Plan:
        draw = Draw(random, values)
        device = draw.word(DEVICES)
        template = draw.choice(TEMPLATES)
        stage = draw_stage(draw, device)
        head = f"device = {device!r}\n"
        return Plan(
            instruction=f"{template.format(device=device)} {FORM}",
            setup=stage,
            goal=stage,
            oracle=head + ORACLE,
            opposite=head + OPPOSITE,
        )

    def judge(self, plan: Plan, start: Any, now: Any, answer: Any) -> Judgement:
        stage: Stage = plan.goal
        served = [*now["served"], *[None] * (len(stage.requests) - len(now["served"]))]
        right = [_is_right(stage, request, entry) for request, entry in zip(stage.requests, served, strict=True)]
        clean, off = not now["misused"], not now["motor"]
        success = all(right) and clean and off
        share = sum(right) / len(right)
        conditions = {f"request[{index}]": float(met) for index, met in enumerate(right)}
        return Judgement(
            success=success,
            success_strict=success,
            score=1.0 if success else share * (1.0 if clean and off else _LOOSE),
            conditions={**conditions, "no misuse": float(clean), "motor off": float(off)},
        )

    def breaches(self, plan: Plan, start: Any, now: Any, violations: tuple[str, ...]) -> tuple[str, ...]:
        return ()


def draw_stage(draw: Draw, name: str) -> Stage:
    """A device of which nothing is as in the last one, and six requests, a place outside its range among them."""
    first = draw.between(0x10, 0x7F) * 0x10
    addresses = {register: first + 2 * index for index, register in enumerate(draw.shuffled(REGISTERS))}
    counts = draw.choice((50, 80, 125, 160, 200, 250, 400))
    low, high = -draw.between(20, 60), draw.between(20, 60)
    zero = draw.choice((-1, 1)) * counts * draw.between(7, 19)
    control, status = (draw.sample(range(12), 3) for _ in range(2))

    def place() -> float:
        """Somewhere inside the range, millimetres, on either side of 0."""
        return draw.decimal(3, high - 1, 2) if draw.chance(50) else -draw.decimal(3, -low - 1, 2)

    inside = [Request("move", place()) for _ in range(3)]
    beyond = draw.decimal(high + 1, high + 40, 1) if draw.chance(50) else -draw.decimal(1 - low, 40 - low, 1)
    later = draw.shuffled([*inside, Request("move", beyond), Request("position")])
    return Stage(
        name=name,
        addresses=addresses,
        counts=counts,
        zero=zero,
        low=low,
        high=high,
        control=dict(zip(("motor", "start", "clear"), control, strict=True)),
        status=dict(zip(("motor", "moving", "fault"), status, strict=True)),
        speed=counts // 10,
        begin=zero + round(place() * counts),
        fault=draw.chance(50),
        requests=(Request("position"), *later),
    )


def _is_right(stage: Stage, request: Request, entry: Mapping[str, Any] | None) -> bool:
    """Whether a request was served, by where the device was when it was answered."""
    if entry is None:
        return False
    given = entry["answer"]
    if request.kind == "position":
        number = isinstance(given, (int, float)) and not isinstance(given, bool)
        return number and abs(given - stage.to_millimetres(entry["position"])) <= 1.0 / stage.counts
    assert request.value is not None
    goal = stage.to_counts(request.value)
    if not stage.may_be_at(goal):
        return given == "refused" and bool(entry["stayed"])
    return given == "done" and not entry["moving"] and abs(entry["position"] - goal) <= 1
