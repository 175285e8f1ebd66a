"""The task of writing an adapter: the device behind its registers, and what is checked of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import load_task
from codeact_envs.tasks.devices.stage import NoSuchRegister, NotAWord, OutOfTurn, Stage, StageService
from codeact_envs.tasks.devices.write_adapter import WriteDeviceAdapter
from codeact_envs.tasks.protocol import VALUES

TASK = WriteDeviceAdapter()


def drawn(seed: int = 0) -> Stage:
    stage: Stage = TASK.draw(np.random.default_rng(seed), "seen").setup
    return stage


@pytest.fixture
def stage() -> Stage:
    return next(stage for stage in map(drawn, range(20)) if not stage.fault)


@pytest.fixture
def service(stage: Stage) -> StageService:
    found = StageService()
    found.load(stage)
    return found


def aim(service: StageService, stage: Stage, counts: int) -> None:
    service.write_register(stage.addresses["TARGET_HIGH"], counts % 2**32 >> 16)
    service.write_register(stage.addresses["TARGET_LOW"], counts % 2**16)


def command(service: StageService, stage: Stage, *bits: str) -> None:
    service.write_register(stage.addresses["CONTROL"], sum(1 << stage.control[bit] for bit in bits))


def status(service: StageService, stage: Stage) -> set[str]:
    value = service.read_register(stage.addresses["STATUS"])
    return {name for name, bit in stage.status.items() if value >> bit & 1}


class TestTheStage:
    def test_it_moves_while_time_passes(self, service: StageService, stage: Stage) -> None:
        goal = stage.to_counts(stage.low)
        aim(service, stage, goal)
        command(service, stage, "motor", "start")
        assert status(service, stage) == {"motor", "moving"}
        service.wait(10)
        assert service.state()["position"] == stage.begin - 10 * stage.speed
        service.wait(10_000)
        assert status(service, stage) == {"motor"}
        high, low = (service.read_register(stage.addresses[f"POSITION_{part}"]) for part in ("HIGH", "LOW"))
        assert (high << 16 | low) == goal % 2**32

    def test_switched_off_it_stops_in_place(self, service: StageService, stage: Stage) -> None:
        aim(service, stage, stage.to_counts(stage.high))
        command(service, stage, "motor", "start")
        service.wait(20)
        command(service, stage)
        where = service.state()["position"]
        service.wait(1000)
        assert service.state()["position"] == where
        assert status(service, stage) == set()

    def test_misuse_moves_nothing_and_is_remembered(self, service: StageService, stage: Stage) -> None:
        aim(service, stage, stage.to_counts(stage.high + 1))
        command(service, stage, "motor", "start")
        assert status(service, stage) == {"motor", "fault"}
        aim(service, stage, stage.to_counts(stage.high))
        command(service, stage, "motor", "start")
        command(service, stage, "start", "clear")
        assert service.state()["misused"] == [
            "a motion was started while the target was out of range",
            "a motion was started while it was in fault",
            "a motion was started while the motor was off",
        ]
        assert service.state()["position"] == stage.begin

    def test_what_a_register_cannot_take_is_refused(self, service: StageService, stage: Stage) -> None:
        with pytest.raises(NoSuchRegister, match="can only be read"):
            service.write_register(stage.addresses["STATUS"], 1)
        with pytest.raises(NoSuchRegister, match="0xFFFF"):
            service.read_register(0xFFFF)
        with pytest.raises(NotAWord, match="not 65536"):
            service.write_register(stage.addresses["TARGET_LOW"], 65536)
        with pytest.raises(NotAWord, match="not 0"):
            service.wait(0)

    def test_requests_come_one_after_the_other(self, service: StageService) -> None:
        with pytest.raises(OutOfTurn, match="no request"):
            service.answer(1.0)
        service.next_request()
        with pytest.raises(OutOfTurn, match="not been answered"):
            service.next_request()


def served(stage: Stage, **wrong: Any) -> dict[str, Any]:
    """The state that a right adapter leaves, but for what is `wrong` in its first answer or in all."""
    entries = []
    for request in stage.requests:
        goal = stage.begin if request.value is None else stage.to_counts(request.value)
        given: Any = stage.to_millimetres(goal) if request.kind == "position" else "done"
        if not stage.may_be_at(goal):
            goal, given = stage.begin, "refused"
        entries.append({"answer": given, "position": goal, "moving": False, "stayed": given == "refused"})
    state = {"served": entries, "misused": [], "motor": False}
    return state | wrong


class TestJudging:
    plan = TASK.draw(np.random.default_rng(3), "seen")

    def score(self, state: dict[str, Any]) -> float:
        judgement = TASK.judge(self.plan, None, state, None)
        assert judgement.success == (judgement.score == 1.0)
        return judgement.score

    def test_all_served(self) -> None:
        assert self.score(served(self.plan.goal)) == 1.0

    def test_nothing_served(self) -> None:
        assert self.score(served(self.plan.goal, served=[])) == 0.0

    @pytest.mark.parametrize("wrong", [{"misused": ["a motion was started while it moved"]}, {"motor": True}])
    def test_misuse_and_a_motor_that_is_on_halve_the_score(self, wrong: dict[str, Any]) -> None:
        assert self.score(served(self.plan.goal, **wrong)) == 0.5

    @pytest.mark.parametrize("change", ["answer", "position", "moving", "stayed"])
    def test_each_request_is_held_against_the_device(self, change: str) -> None:
        stage: Stage = self.plan.goal
        for index, request in enumerate(stage.requests):
            state = served(stage)
            entry = state["served"][index]
            refused = entry["answer"] == "refused"
            if change in ("position", "moving") and refused:
                continue
            if (change == "moving" and request.kind == "position") or (change == "stayed" and not refused):
                continue
            new = {"answer": math.nan, "position": entry["position"] + 2, "moving": True, "stayed": False}[change]
            state["served"][index] = entry | {change: new}
            assert self.score(state) == pytest.approx(5 / 6), (request, entry)


def test_devices_differ_and_names_are_kept_apart() -> None:
    assert len({repr(drawn(seed)) for seed in range(200)}) == 200
    names = {
        values: {TASK.draw(np.random.default_rng(seed), values).setup.name for seed in range(50)} for values in VALUES
    }
    assert not names["seen"] & names["unseen"]
    for seed in range(200):
        stage = drawn(seed)
        outside = [request for request in stage.requests if request.value is not None]
        assert sum(not stage.may_be_at(stage.to_counts(request.value or 0.0)) for request in outside) == 1
        assert stage.may_be_at(stage.begin)


@pytest.fixture(scope="module")
def env() -> Iterator[CodeEnv]:
    found = CodeEnv(load_task("write_device_adapter"))
    yield found
    found.close()


@pytest.mark.parametrize("values", VALUES)
def test_the_reference_serves_all_and_the_careless_none(env: CodeEnv, values: str) -> None:
    for seed in range(8):
        env.reset(seed=seed, options={"values": values})
        info = env.step(env.oracle())[4]
        assert info["success"], (seed, info["execution"].error, info["conditions"])
        env.reset(seed=seed, options={"values": values})
        assert env.step(env.opposite())[4]["score"] == 0.0


def test_what_was_served_goes_with_the_state(env: CodeEnv) -> None:
    env.reset(seed=1)
    env.step("request = next_request()")
    saved, then = env.save_state(), env.state_hash()
    env.step("answer(0.0)")
    assert env.state_hash() != then
    env.restore_state(saved)
    assert env.state_hash() == then
    branch = env.branch()
    assert branch.state_hash() == then
    branch.close()


def test_requests_cannot_be_seen_in_advance(env: CodeEnv) -> None:
    observation, info = env.reset(seed=2)
    for request in env._plan.setup.requests:  # type: ignore[union-attr]
        if request.value is not None:
            assert str(request.value) not in observation + info["instruction"] + env._plan.setup.manual  # type: ignore[union-attr]
