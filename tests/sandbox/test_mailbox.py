"""Small frames cross in shared memory: whole, in order, and never unseen, whatever the other end writes there."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeact.events import CallStarted, Printed
from codeact.sandbox import Limits, Sandbox, mailbox, spin, wire
from codeact.sandbox.channel import Channel, Closed, Late, Malformed
from codeact.sandbox.mailbox import ROOM, SIZE, WAKE, Mailbox
from codeact.tools import Toolbox, tool

pytestmark = pytest.mark.skipif(not mailbox.IN_ORDER, reason="this processor's mailbox is not used")

FRAME = wire.frame(wire.Printed("hello"))


@tool(effect="read")
def echo(number: int) -> int:
    """Give it back."""
    return number


class Pair:
    """Both ends of a mailbox, and the worker's end of a socket; the host listens with a `Channel`."""

    def __init__(self) -> None:
        self.memory = memoryview(bytearray(SIZE))
        self.words = self.memory.cast("I")
        self.worker = Mailbox(self.memory, host=False)
        ours, self.socket = socket.socketpair()
        self.channel = Channel(ours, 100_000, lambda: Mailbox(self.memory, host=True))
        self.channel.require_silence()  # opens it
        self.host = Mailbox(self.memory, host=True)

    def receive(self, seconds: float = 5.0) -> wire.ToHost:
        return self.channel.receive(time.monotonic() + seconds)


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_frame_is_posted_only_to_who_is_awake_and_has_taken_the_last(pair: Pair) -> None:
    assert pair.worker.post(FRAME) is FRAME  # the host sleeps
    pair.worker.under_way = False
    pair.host.wake()
    assert pair.worker.post(FRAME) == b""
    assert pair.worker.post(FRAME) is FRAME  # would overtake
    assert pair.host.take() == bytes(FRAME[4:])
    assert pair.host.take() is None
    pair.worker.under_way = False
    assert len(pair.worker.post(bytearray(4 + ROOM + 1))) > ROOM
    pair.worker.under_way = False
    assert pair.worker.post(bytearray(4 + ROOM)) == b""
    assert pair.host.take() == bytes(ROOM)
    assert pair.host.sleep()


def test_a_frame_that_nobody_has_taken_is_not_written_over(pair: Pair) -> None:
    pair.host.wake()
    assert pair.worker.post(FRAME) == b""
    pair.worker.under_way = False  # as it is after a frame that the host had sent before that
    other = wire.frame(wire.Printed("other"))
    assert pair.worker.post(other) is other
    assert pair.host.take() == bytes(FRAME[4:])


def test_who_falls_asleep_meanwhile_is_woken_or_sees_it_himself(pair: Pair) -> None:
    class FallsAsleep:
        def __enter__(self) -> None:
            pair.host.sleep()

        def __exit__(self, *_: object) -> None:
            pass

    pair.host.wake()
    pair.worker._fence = FallsAsleep()  # type: ignore[assignment]
    assert pair.worker.post(FRAME) == WAKE
    assert pair.host.take() == bytes(FRAME[4:])
    pair.host.wake()
    pair.worker = Mailbox(pair.memory, host=False)
    assert pair.worker.post(FRAME) == b""
    assert not pair.host.sleep()


def test_the_two_directions_do_not_touch(pair: Pair) -> None:
    longest = bytearray(b"\xff" * (4 + ROOM))
    pair.host.wake()
    pair.worker.wake()
    assert pair.host.post(longest) == pair.worker.post(longest) == b""
    assert pair.host.take() == pair.worker.take() == b"\xff" * ROOM
    assert not pair.host.sleep() or not pair.host.has_come()


def test_a_frame_that_was_posted_before_the_end_is_taken(pair: Pair) -> None:
    pair.host.wake()
    pair.worker.post(FRAME)
    pair.socket.close()
    assert pair.receive() == wire.Printed("hello")
    with pytest.raises(Closed):
        pair.receive()


def test_a_length_that_does_not_fit_is_no_frame(pair: Pair) -> None:
    for length in (ROOM + 1, 2**31, 2**32 - 1):
        pair.words[pair.host.incoming] = length
        with pytest.raises(Malformed):
            pair.receive()


def test_calls_to_wake_up_without_end_keep_nobody_from_his_deadline(pair: Pair) -> None:
    def call() -> None:
        with contextlib.suppress(OSError):
            while True:
                pair.socket.send(WAKE * 1_000)

    caller = threading.Thread(target=call)
    caller.start()
    try:
        with pytest.raises(Late):
            pair.receive(0.2)
    finally:
        pair.channel.close()
        caller.join()


def test_nothing_may_come_between_two_programs(pair: Pair) -> None:
    done = wire.frame(wire.Done(1, None, "", None, False))
    pair.host.wake()
    pair.socket.send(WAKE)
    pair.worker.post(done)
    assert isinstance(pair.receive(), wire.Done)
    pair.channel.require_silence()
    pair.socket.send(WAKE + FRAME)
    with pytest.raises(Malformed):
        pair.channel.require_silence()


def test_the_mailbox_is_opened_when_something_has_come_and_more_is_waited_for() -> None:
    opened: list[bool] = []

    def mailbox() -> Mailbox:
        opened.append(True)
        return Mailbox.unused()

    ours, theirs = socket.socketpair()
    channel = Channel(ours, 100_000, mailbox)
    theirs.send(FRAME + FRAME)
    channel.receive(time.monotonic() + 5)
    assert not opened
    channel.receive(time.monotonic() + 5)
    channel.require_silence()
    assert len(opened) == 1


def test_nor_with_the_end_of_a_program(pair: Pair) -> None:
    pair.host.wake()
    pair.socket.send(WAKE + FRAME)
    pair.worker.post(wire.frame(wire.Done(1, None, "", None, False)))
    with pytest.raises(Malformed):
        pair.receive()


@given(st.binary(max_size=ROOM), st.integers(0, 2**32 - 1))
@settings(max_examples=300, deadline=None)
def test_noise_is_a_message_or_an_error(data: bytes, length: int) -> None:
    pair = Pair()
    start = 4 * (pair.host.incoming + 32)
    pair.memory[start : start + len(data)] = data
    pair.words[pair.host.incoming] = length % (ROOM + 2)
    pair.socket.close()
    with pytest.raises((Closed, Malformed)):
        drain(pair)


def drain(pair: Pair) -> None:
    while True:
        pair.receive()


def test_prints_and_calls_arrive_in_their_order() -> None:
    heard: list[object] = []

    def hear(event: object) -> None:
        if isinstance(event, Printed):
            heard.extend(int(number) for number in event.text.split())
        elif isinstance(event, CallStarted):
            heard.append(-event.arguments["number"])

    code = "for n in range(1, 1501):\n    if n % 3:\n        print(n)\n    if n % 2:\n        echo(n)\n"
    with Sandbox(Toolbox([echo]), limits=Limits(calls=1_000), on_event=hear) as sandbox:
        assert sandbox.run(code).ok
        assert sandbox.run("echo(7)").value == 7
    expected: list[int] = []
    for n in range(1, 1501):
        expected += [n] * (n % 3 != 0) + [-n] * (n % 2)
    assert heard == [*expected, -7]


def test_a_session_works_where_the_host_uses_no_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "IN_ORDER", False)
    with Sandbox(Toolbox([echo])) as sandbox:
        assert sandbox.run("sum(echo(n) for n in range(300))").value == sum(range(300))
        assert sandbox.run("x = 1").ok


def test_on_a_crowded_machine_nobody_looks_before_he_sleeps(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    parted: list[bool] = []
    monkeypatch.setattr(spin, "is_crowded", lambda: True)
    monkeypatch.setattr(spin, "_cores", 2)
    host = spin.Spin(pair.socket.fileno(), pair.host, lambda: parted.append(True))
    worker = spin.Spin(pair.socket.fileno(), pair.worker)
    assert not host.ready()
    assert not parted
    monkeypatch.setattr(spin, "_one_at_a_time", None)  # who looks takes it
    assert not host.ready()
    assert not worker.ready()
    pair.words[pair.worker.incoming] = 1
    assert worker.ready()  # what is there already is seen all the same


def test_when_the_crowd_has_gone_both_look_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    parted: list[bool] = []
    monkeypatch.setattr(spin, "_cores", 2)
    monkeypatch.setattr(spin, "is_crowded", lambda: False)
    pair.words[pair.host.crowded] = 1
    host = spin.Spin(pair.socket.fileno(), pair.host, lambda: parted.append(True))
    assert not host.ready()
    assert parted == [True]
    assert not pair.words[pair.worker.crowded]
