# ruff: noqa: E501  (frames and words as tables)
"""Ten thousand mutated frames against the host, and ten thousand mutated programs against the filter.

Both are seeded: a failure names its seed and shows what was sent. Each part of a thousand takes a few seconds.
"""

from __future__ import annotations

import ast
import contextlib
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from canaries import Canaries
from corpus import programs

from codeact.sandbox import Limits, Sandbox, wire
from codeact.tools import Toolbox, tool

PARTS, IN_A_PART = 10, 500
FRAME_PARTS = PARTS if sys.version_info[:2] == (3, 11) else 1
PROGRAM_PARTS = PARTS if sys.version_info[:2] == (3, 11) else 3
"""What decodes frames is the same on each Python, and each frame costs a worker; the filter is not."""

LIMITS = Limits(wall_s=0.2, cpu_s=0.2, memory_mb=128, output_chars=20_000, calls=20)
NOT_MUTATED = ("denial", "denial_behind_wall", "protocol", "system_calls")


@tool(effect="read")
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


@tool(effect="read")
def echo(value: Any) -> Any:
    """The same again."""
    return value


# ---- frames -----------------------------------------------------------------------------------------------------------

FRAMES = [
    [11, "text"],
    [12, "double", [21], {}],
    [12, "echo", [{1: [1, 2.5, "x"]}], {"value": None}],
    [12, "echo", [{6: ["<f8", [2], b"x" * 16]}], {}],
    [12, "echo", [{6: ["|u1", [40_000], 0]}], {}],
    [12, "echo", [{4: ["Point", {3: {"x": 1.0}}]}], {}],
    [13, 1, {11: [1, 2, 3, 4]}, "shown", None, False],
    [13, 1, {8: [[2, 2], b"1234"]}, "", ["E", "m", 1, "t"], True],
    [14, 1],
    [15, "message"],
]
ODD = [
    None,
    True,
    -1,
    2**63,
    -(2**63),
    1.5,
    float("nan"),
    "",
    "__class__",
    "\x1b]0;x\x07",
    b"",
    b"\0" * 9,
    [],
    {},
    {1: 2},
]


def mutated_value(value: Any, chance: random.Random, depth: int = 0) -> Any:
    """The value with some of its parts replaced, dropped, doubled or nested."""
    if chance.random() < 0.15:
        return chance.choice([*ODD, *range(16), [value] * chance.randrange(4), {chance.randrange(14): value}])
    if isinstance(value, list) and depth < 6:
        made = [mutated_value(item, chance, depth + 1) for item in value if chance.random() > 0.05]
        return made + made[-1:] * (chance.random() < 0.1)
    if isinstance(value, dict) and depth < 6:
        return {
            chance.randrange(14) if chance.random() < 0.1 else key: mutated_value(item, chance, depth + 1)
            for key, item in value.items()
        }
    return value


def mutated_frame(chance: random.Random) -> bytes:
    """A frame whose parts, bytes or length are not what they should be."""
    base = chance.choice(FRAMES)
    body = bytearray(msgspec.msgpack.encode(mutated_value(base, chance) if chance.random() < 0.7 else base))
    for _ in range(chance.choice([0, 0, 1, 1, 2, 8])):
        if body:
            body[chance.randrange(len(body))] = chance.randrange(256)
    if chance.random() < 0.1:
        body = body[: chance.randrange(len(body) + 1)]
    size = len(body) if chance.random() < 0.95 else chance.choice([0, 1, len(body) + 1, 2**31, 2**32 - 1])
    return wire.HEADER.pack(size) + bytes(body)


SEND = """
import _socket
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 3)
line.sendall({data!r})
line.detach()
"""


def _works(sandbox: Sandbox) -> bool:
    """Whether it runs a program. Its short limit of time may run out on a busy machine, but not again and again."""
    return any(sandbox.run("6 * 7").value == 42 for _ in range(5))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FRAME_PARTS))
def test_a_mutated_frame_harms_no_host(seed: int) -> None:
    """A real worker sends them over its real socket."""
    chance = random.Random(seed)
    with Sandbox(Toolbox([double, echo]), limits=LIMITS, without=("filter",)) as sandbox:
        for number in range(IN_A_PART):
            frame = mutated_frame(chance)
            started = time.monotonic()
            execution = sandbox.run(SEND.format(data=frame))
            assert time.monotonic() - started < 10, (seed, number, frame)
            assert not set(execution.observation()) & set("\x1b\x07"), (seed, number, frame)
            if number % 100 == 99:
                sandbox.reset()
                assert _works(sandbox), (seed, number, frame)


# ---- programs ---------------------------------------------------------------------------------------------------------

WORDS = [
    "_getattr_", "_write_", "_getspecial_", "_await_", "__class__", "__globals__", "gi_frame", "format", "__dict__", "mro",
    "getattr", "setattr", "type", "super", "object", "double", "self", "__init__", "obj", "_own_", "_fast_", "eval", "exec",
]  # fmt: skip


def natural() -> list[str]:
    folder = Path(__file__).parents[1] / "language" / "programs"
    return [path.read_text() for path in sorted(folder.rglob("*.py"))]


def mutated_program(texts: list[str], trees: list[ast.Module], chance: random.Random) -> str | None:
    """A program with names, parts or texts of others in it; None where it is no Python any more."""
    tree = ast.parse(chance.choice(texts))
    other = chance.choice(trees)
    expressions = [node for node in ast.walk(other) if isinstance(node, ast.expr)]
    statements = [node for node in ast.walk(other) if isinstance(node, ast.stmt)]
    for node in list(ast.walk(tree)):
        if chance.random() > 0.08:
            continue
        if isinstance(node, ast.Name):
            node.id = chance.choice(WORDS)
        elif isinstance(node, ast.Attribute):
            node.attr = chance.choice(WORDS)
        elif isinstance(node, ast.arg):
            node.arg = chance.choice(WORDS)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.name = chance.choice(WORDS)
        elif isinstance(node, ast.comprehension):
            node.is_async = 1 - node.is_async
        elif isinstance(node, ast.Call) and expressions:
            node.args.append(chance.choice(expressions))
        elif isinstance(node, (ast.If, ast.While, ast.Assert)) and expressions:
            node.test = chance.choice(expressions)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = chance.choice([*WORDS, "{0.__globals__}"])
        elif hasattr(node, "body") and isinstance(node.body, list) and statements:
            node.body.insert(chance.randrange(len(node.body) + 1), chance.choice(statements))
    with contextlib.suppress(Exception):
        return ast.unparse(ast.fix_missing_locations(tree))
    return None


@pytest.fixture(scope="module")
def canaries() -> Iterator[Canaries]:
    made = Canaries()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(PROGRAM_PARTS))
def test_a_mutated_program_does_no_harm(seed: int, canaries: Canaries) -> None:
    chance = random.Random(1_000 + seed)
    texts, trees = [], []
    for text in [*(program.code for program in programs() if program.kind not in NOT_MUTATED), *natural()]:
        with contextlib.suppress(SyntaxError, ValueError):
            trees.append(ast.parse(canaries.name(text)))
            texts.append(canaries.name(text))
    ran = 0
    with Sandbox(Toolbox([double, echo]), limits=LIMITS, without=("uid", "landlock", "seccomp")) as sandbox:
        for number in range(IN_A_PART):
            code = mutated_program(texts, trees, chance)
            if code is None:
                continue
            started = time.monotonic()
            execution = sandbox.run(code)
            ran += execution.error is None or execution.error.type not in ("NotAllowed", "SyntaxError")
            assert time.monotonic() - started < 10, (seed, number, code)
            said = execution.stdout + execution.shown + repr(execution.value)[:10_000]
            assert canaries.fired(said) == [], (seed, number, code)
            if number % 100 == 99:
                sandbox.reset()
                assert _works(sandbox), (seed, number, code)
    assert ran > 100, "most were refused before they could run"
