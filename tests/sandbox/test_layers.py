"""Parts of the wall by themselves: the seccomp program of both architectures, the wire against noise, each opt-down."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.errors import SandboxError
from codeact.sandbox import Limits, Sandbox, wire
from codeact.sandbox.channel import Channel, Closed, Late, Malformed
from codeact.sandbox.kernel import seccomp
from codeact.sandbox.text import clean

ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM = 0x00050000 | errno.EPERM

# Calls that would lead out, by their numbers on x86_64 and aarch64.
DENIED = {
    "open": (2, None),
    "openat": (257, 56),
    "openat2": (437, 437),
    "stat": (4, None),
    "newfstatat": (262, 79),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "setuid": (105, 146),
    "setrlimit": (160, 164),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "dup": (32, 23),
    "fcntl": (72, 25),
}
MACHINES = list(seccomp.ARCHITECTURES)


def decide(machine: str, fork: bool, number: int, *arguments: int, architecture: int | None = None) -> int:
    """Run the filter as the kernel would, on one call."""
    code = seccomp.program(machine, fork)
    lines = [struct.unpack_from("=HBBI", code, offset) for offset in range(0, len(code), 8)]
    data = struct.pack(
        "<IIQ6Q",
        number,
        seccomp.ARCHITECTURES[machine] if architecture is None else architecture,
        0,
        *[*arguments, *[0] * 6][:6],
    )
    position = accumulator = 0
    while True:
        operation, if_true, if_false, operand = lines[position]
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x06:
            return operand
        else:
            hit = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}[
                operation
            ]
            position += if_true if hit else if_false


@pytest.mark.parametrize("column", [0, 1], ids=MACHINES)
def test_seccomp_lets_through_what_is_listed_and_nothing_else(column: int) -> None:
    machine = MACHINES[column]
    listed = {numbers[column] for numbers in seccomp.PLAIN.values()}
    for number in range(600):
        allowed = decide(machine, False, number) == ALLOW
        pairs = ((9, 222), (10, 226), (302, 261), (204, 123), (228, 113), (229, 114), (230, 115))
        special = number in {pair[column] for pair in pairs}  # allowed for these arguments
        assert allowed == (number in listed or special), number
    for name, numbers in DENIED.items():
        if numbers[column] is not None:
            assert decide(machine, True, numbers[column]) == EPERM, name  # type: ignore[arg-type]


@pytest.mark.parametrize("column", [0, 1], ids=MACHINES)
def test_seccomp_looks_at_arguments(column: int) -> None:
    machine = MACHINES[column]
    clone, clone3, mmap, mprotect, prctl, prlimit, ioctl = [
        pair[column] for pair in ((56, 220), (435, 435), (9, 222), (10, 226), (157, 167), (302, 261), (16, 29))
    ]
    assert decide(machine, True, clone, seccomp.FORK_FLAGS) == ALLOW
    assert decide(machine, False, clone, seccomp.FORK_FLAGS) == EPERM
    for flags in (
        0x10000,
        0x3D0F00,
        17,
        0,
        seccomp.FORK_FLAGS | 0x10000000,
        seccomp.FORK_FLAGS | 1 << 33,
        0x01200000 | 17,  # what the C library's fork() asks for
    ):
        assert decide(machine, True, clone, flags) == EPERM, hex(flags)
    assert decide(machine, True, clone3) == 0x00050000 | errno.ENOSYS
    for call in (mmap, mprotect):
        assert decide(machine, True, call, 0, 4096, 3) == ALLOW
        for protection in (4, 5, 7):
            assert decide(machine, True, call, 0, 4096, protection) == EPERM
    assert decide(machine, True, prctl, 1, 9) == ALLOW
    for option, value in ((1, 0), (1, 15), (4, 1), (22, 0), (38, 0)):
        assert decide(machine, True, prctl, option, value) == EPERM
    assert decide(machine, True, prlimit, 0, 7, 0, 0xDEAD) == ALLOW
    for pointer in (0x1000, 1 << 40):
        assert decide(machine, True, prlimit, 0, 7, pointer) == EPERM
    assert decide(machine, True, ioctl, 0, 0x5412) == 0x00050000 | errno.ENOTTY


def test_another_architectures_calls_end_the_process() -> None:
    for machine in MACHINES:
        for architecture in (0x40000003, 0x40000028, *[a for m, a in seccomp.ARCHITECTURES.items() if m != machine]):
            assert decide(machine, True, 0, architecture=architecture) == KILL
    assert decide("x86_64", True, 0x40000000) == KILL


messages = [
    wire.frame(wire.Printed("text")),
    wire.frame(wire.Call("tool", [1, {1: [2]}], {"a": None})),
    wire.frame(wire.Done(1, [1.5], "shown", ("E", "m", 1, "t"), False)),
]


@given(
    st.sampled_from(messages),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(0, 300),
    st.binary(max_size=50),
)
@settings(max_examples=500, deadline=None)
def test_noise_on_the_wire_is_a_message_or_an_error(
    base: bytearray, changes: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    data = bytearray(base)
    for place, value in changes:
        data[place % len(data)] = value
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((data + tail)[:cut])
        theirs.close()
        channel = Channel(ours, 10_000)
        with pytest.raises((Closed, Malformed)):
            drain(channel)


def drain(channel: Channel) -> None:
    while True:
        channel.receive(time.monotonic() + 5)


def test_a_silent_or_stuffed_worker_is_late() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        channel = Channel(ours, 10_000)
        with pytest.raises(Late):
            channel.receive(time.monotonic() + 0.05)
        with pytest.raises(Late):
            channel.send(bytearray(50_000_000), time.monotonic() + 0.05)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_cleaned_text_holds_no_control_characters(text: str) -> None:
    shown = clean("\x1b[" + text + "\x9b2J\x1b]0;" + text)
    assert not [c for c in shown if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 or c in "\u202e\u2066"]
    assert clean(shown) == shown


@pytest.mark.parametrize(
    "without",
    [(), ("uid",), ("rlimits",), ("landlock",), ("seccomp",), ("filter", "uid", "rlimits", "landlock", "seccomp")],
)
def test_each_opt_down_still_runs(without: tuple[str, ...]) -> None:
    with Sandbox(without=without, limits=Limits(wall_s=2)) as sandbox:
        assert sandbox.run("x = 20\nx + 1").value == 21
        fork_is_bounded = "rlimits" not in without and not ("uid" in without and os.geteuid() == 0)
        if fork_is_bounded or "seccomp" in without:
            with sandbox.branch() as other:
                assert other.run("x").value == 20
        else:
            with pytest.raises(SandboxError, match="cannot branch"):
                sandbox.branch()
        assert sandbox.run("while True: pass").error is not None
        assert sandbox.run("1 + 1").value == 2


def test_no_fork_where_nothing_bounds_it() -> None:
    for without in (("filter", "uid"), ("filter", "rlimits")):
        with Sandbox(without=without) as sandbox:
            error = sandbox.run("import os\nos.fork()").error
            assert error is not None
            assert error.type in ("PermissionError", "BlockingIOError")
