"""The wire between host and worker: length-limited msgpack frames on a pair of sockets, each of one declared kind.

A frame is four bytes of length, little-endian, and that many bytes of msgpack: an array whose first item says the
kind. Values inside are in the form of `codeact.values`. Nothing here can name a class or run code when it is read.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

HEADER = struct.Struct("<I")
SLACK = 64 * 1024
"""What a frame may hold besides its value: names, text of an error, output since the last frame. In bytes."""

AS_THEY_ARE = frozenset([str, int, float, bool, bytes, type(None)])
"""Types of values that lie in a frame as they are, and need no `values.unpack`."""

NAMES_TOLD = 200
NAME_CHARS = 60
"""How many names a worker tells, of how many characters at most."""


class Setup(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """Host to worker, first: what the program finds there. `tools` holds [full name, doc] pairs."""

    tools: list[list[str]]
    types: list[dict[str, Any]]
    errors: list[list[Any]]
    options: dict[str, Any]


class Run(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """Host to worker: run this program, the session's `number`-th."""

    number: int
    code: str


class Result(msgspec.Struct, array_like=True, tag=3, frozen=True):
    """Host to worker: what the called tool returned."""

    value: Any


class Plain(msgspec.Struct, array_like=True, tag=7, frozen=True):
    """Host to worker: what the called tool returned, where that is `values.is_plain`: it is the value itself."""

    value: Any


class Failed(msgspec.Struct, array_like=True, tag=4, frozen=True):
    """Host to worker: the called tool raised this. `kind` is a name that the worker knows."""

    kind: str
    arguments: list[Any]


class End(msgspec.Struct, array_like=True, tag=5, frozen=True):
    """Host to worker, as the answer to a call: the program ends here."""

    reason: str


class Branch(msgspec.Struct, array_like=True, tag=6, frozen=True):
    """Host to worker: fork. The new process takes the socket and the memory that come with this frame's bytes."""


class Printed(msgspec.Struct, array_like=True, tag=11, frozen=True):
    """Worker to host: the program printed this."""

    text: str


class Call(msgspec.Struct, array_like=True, tag=12, frozen=True):
    """Worker to host: the program calls this tool."""

    tool: str
    arguments: Sequence[Any]
    keywords: dict[str, Any]


class Done(msgspec.Struct, array_like=True, tag=13, frozen=True):
    """Worker to host: the program has ended.

    `number` is as the host gave it. `value` is the last expression's value where it can cross, `shown` its repr
    (empty where it is None). `error` is None or [type, message, line or None, text].
    `names` is what is bound in the session now; None where that is as it was.
    """

    number: int
    value: Any
    shown: str
    error: tuple[str, str, int | None, str] | None
    stopped: bool
    names: list[str] | None = None


class Branched(msgspec.Struct, array_like=True, tag=14, frozen=True):
    """Worker to host: the branch has this process number, so it says; 0 for none."""

    pid: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class Broken(msgspec.Struct, array_like=True, tag=15, frozen=True):
    """Worker to host: the worker could not be set up, or cannot go on. `full` says that it has no memory left."""

    message: str
    full: bool = False


ToWorker = Setup | Run | Result | Plain | Failed | End | Branch
ToHost = Printed | Call | Done | Branched | Broken

_encoder = msgspec.msgpack.Encoder()
to_host = msgspec.msgpack.Decoder(ToHost)
to_worker = msgspec.msgpack.Decoder(ToWorker)


def frame(message: ToWorker | ToHost) -> bytearray:
    """The bytes of one frame."""
    buffer = bytearray(4)
    _encoder.encode_into(message, buffer, 4)
    HEADER.pack_into(buffer, 0, len(buffer) - 4)
    return buffer
