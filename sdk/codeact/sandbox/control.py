"""What the host and the zygote say to each other: one message a packet, with descriptors beside it where needed.

Each request carries a ticket number, and its answer the same.
"""

from __future__ import annotations

import os
import socket
from typing import Any

import msgspec

MAX_PACKET = 64 * 1024


class Fork(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """Make a worker. Beside it: the worker's end of the session's socket, and the memory for arrays."""

    ticket: int
    options: dict[str, Any]


class OpenBranch(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """Let the worker of that ticket fork, until `CloseBranch`."""

    ticket: int
    worker: int


class CloseBranch(msgspec.Struct, array_like=True, tag=3, frozen=True):
    """No more forks. Adopt the process `pid` as a worker under this ticket, if it is one; 0 for none."""

    ticket: int
    worker: int
    pid: int


class AskStatus(msgspec.Struct, array_like=True, tag=4, frozen=True):
    """How did the worker of that ticket end?"""

    ticket: int
    worker: int


class Ready(msgspec.Struct, array_like=True, tag=11, frozen=True):
    """The zygote has imported and warmed up everything, or says why it could not. `ticket` is 0."""

    ticket: int
    failure: str


class Answer(msgspec.Struct, array_like=True, tag=12, frozen=True):
    """Beside it, for a new worker: its pidfd."""

    ticket: int
    pid: int
    failure: str = ""


class Status(msgspec.Struct, array_like=True, tag=13, frozen=True):
    """`status` as of waitpid, None while it runs or where it is not known."""

    ticket: int
    status: int | None


ToZygote = Fork | OpenBranch | CloseBranch | AskStatus
FromZygote = Ready | Answer | Status

_encoder = msgspec.msgpack.Encoder()
_to_zygote = msgspec.msgpack.Decoder(ToZygote)
_from_zygote = msgspec.msgpack.Decoder(FromZygote)


def send(channel: socket.socket, message: ToZygote | FromZygote, descriptors: list[int] | None = None) -> None:
    """Send one packet."""
    data = _encoder.encode(message)
    if descriptors:
        socket.send_fds(channel, [data], descriptors)
    else:
        channel.send(data)


def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
    data, descriptors, flags, _ = socket.recv_fds(channel, MAX_PACKET, 4)
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("a packet between host and zygote was cut")
    return data, descriptors


def receive_request(channel: socket.socket) -> tuple[ToZygote | None, list[int]]:
    """The next request and its descriptors; None when the host has gone."""
    data, descriptors = _receive(channel)
    return (_to_zygote.decode(data) if data else None), descriptors


def receive_answer(channel: socket.socket) -> tuple[FromZygote | None, list[int]]:
    """The next answer and its descriptors; None when the zygote has gone."""
    data, descriptors = _receive(channel)
    return (_from_zygote.decode(data) if data else None), descriptors
