"""`CodeEnv` as its users see it: a program a step, in a real sandbox, on the simulated arm."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from codeact import Limits, Toolbox, tool
from codeact.errors import TaskError
from codeact.events import CallFinished, CallStarted, Event, Executed, Printed
from codeact.tools import PendingCall
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import EpisodeLimits, RobotTask, load_task


class Short(RobotTask):
    """A task with limits of its own."""

    @property
    def limits(self) -> EpisodeLimits:
        return EpisodeLimits(turns=2, simulated_seconds=6.0, tool_calls=5)


@pytest.fixture(scope="module")
def short() -> Iterator[CodeEnv]:
    task = load_task("stack2")
    assert isinstance(task, RobotTask)
    env = CodeEnv(Short(task.name, task.spec))
    yield env
    env.close()


class TestAnEpisode:
    def test_reset_shows_the_scene_and_tells_the_instruction(self, stack: CodeEnv) -> None:
        observation, info = stack.reset(seed=3)
        assert info["instruction"] == stack.instruction
        names = stack._plan.goal.roles  # type: ignore[union-attr]
        for (name,) in names.values():
            assert name in stack.instruction
            assert f"{name}: x=" in observation
        assert "holding nothing" in observation
        assert info["state_hash"] == stack.state_hash()
        assert stack.observation_space.contains(observation)

    def test_a_step_shows_what_was_printed_and_then_the_world(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        observation, reward, terminated, truncated, info = stack.step("print('hello')\nsorted(objects())")
        assert observation.startswith("hello\n['")
        assert "On the table" in observation
        assert (reward, terminated, truncated) == (0.0, False, False)
        assert info["execution"].stdout == "hello\n"
        assert (info["turns"], info["calls"], info["simulated_seconds"]) == (1, 1, 0.5)

    def test_variables_last_until_the_reset(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        stack.step("a = 41")
        assert stack.step("a + 1")[4]["execution"].value == 42
        stack.reset(seed=3)
        assert stack.step("a")[4]["execution"].error.type == "NameError"

    def test_the_reference_program_succeeds_in_one_step(self, stack: CodeEnv) -> None:
        stack.reset(seed=4)
        _, reward, terminated, truncated, info = stack.step(stack.oracle())
        assert (reward, terminated, truncated) == (1.0, True, False)
        assert info["success"]
        assert info["success_strict"]
        assert info["score"] == 1.0
        assert info["violations"] == ()

    def test_the_return_is_the_final_score(self, stack: CodeEnv) -> None:
        stack.reset(seed=4)
        top, base = (stack._plan.goal.name(role) for role in ("top", "base"))  # type: ignore[union-attr]
        programs = [
            f"pick({top!r})",
            f"x, y, z = position({base!r}); move_to(x, y, 0.2)",
            "move_to(0.35, 0.0, 0.3)",
            f"place_on({base!r})",
        ]
        total, scores = 0.0, []
        for program in programs:
            _, reward, terminated, _, info = stack.step(program)
            total += reward
            scores.append(info["score"])
            assert total == pytest.approx(info["score"])
        assert 0.0 < scores[1] < 1.0
        assert scores[2] < scores[1], "going away again costs what coming near earned"
        assert scores[3] == 1.0
        assert terminated

    def test_an_error_is_an_observation_and_the_arm_is_at_rest(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        observation, _, terminated, _, info = stack.step("move_to(0.5, 0.2, 0.3)\nmove_to(5.0, 0.0, 0.3)\nprint('no')")
        assert "OutOfReach" in observation
        assert info["execution"].error.line == 2
        assert not terminated
        assert "x=0.500 y=0.200 z=0.300" in observation

    def test_finish_ends_it_with_an_answer(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        _, _, terminated, _, info = stack.step("finish('cannot be done')\nprint('not reached')")
        assert terminated
        assert (info["finished"], info["answer"], info["success"]) == (True, "cannot be done", False)

    def test_steps_out_of_turn_are_refused(self, stack: CodeEnv) -> None:
        fresh = CodeEnv("stack2")
        for call in (lambda: fresh.step("1"), fresh.oracle, fresh.state_hash, fresh.save_state):
            with pytest.raises(ResetNeeded, match=r"call reset\(\) first"):
                call()
        fresh.close()
        stack.reset(seed=3)
        stack.step("finish()")
        with pytest.raises(ResetNeeded, match="the episode is over"):
            stack.step("1")

    @pytest.mark.parametrize("action", [b"1", None, "x" * 20_001, "'\ud800'"])
    def test_an_action_that_is_no_program_is_an_error(self, stack: CodeEnv, action: Any) -> None:
        stack.reset(seed=3)
        with pytest.raises(TaskError, match="an action is a program: a str of at most 20,000 encodable characters"):
            stack.step(action)

    def test_programs_may_be_in_any_script(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        observation, *_ = stack.step("größe = '青い積み木 🤖'\nprint(größe)")
        assert observation.startswith("青い積み木 🤖")
        assert stack.observation_space.contains(observation)


class TestLimits:
    def test_turns(self, short: CodeEnv) -> None:
        short.reset(seed=0)
        assert short.step("1")[3] is False
        _, _, terminated, truncated, info = short.step("1")
        assert (terminated, truncated, info["limit"]) == (False, True, "turns")

    def test_tool_calls_of_all_programs_together(self, short: CodeEnv) -> None:
        short.reset(seed=0)
        short.step("objects(); objects()")
        observation, _, _, truncated, info = short.step("for _ in range(9): objects()")
        assert (truncated, info["limit"], info["calls"]) == (True, "tool_calls", 5)
        assert "Refused: the episode's 5 tool calls are used up" in observation

    def test_simulated_time_bounds_a_program_that_never_ends(self, short: CodeEnv) -> None:
        short.reset(seed=0)
        code = "while True:\n    move_to(0.4, 0.3, 0.3)\n    move_to(0.4, -0.3, 0.3)"
        observation, _, _, truncated, info = short.step(code)
        assert (truncated, info["limit"]) == (True, "simulated_seconds")
        assert info["simulated_seconds"] < 12.0
        assert "used up" in observation

    def test_the_sandbox_has_limits_of_its_own(self) -> None:
        env = CodeEnv("stack2", limits=Limits(wall_s=0.3))
        env.reset(seed=0)
        _, _, terminated, truncated, info = env.step("while True: pass")
        assert info["execution"].error.type == "TimeLimit"
        assert not terminated
        assert not truncated
        env.close()


class TestRepeatable:
    PROGRAM = "move_to(0.5, 0.1, 0.2)\nfor name in objects(): push(name, 0.05, 0.0)"

    def test_the_same_seed_and_programs_lead_to_the_same_state(self, stack: CodeEnv) -> None:
        hashes = []
        for _ in range(2):
            stack.reset(seed=11)
            hashes.append([stack.step(self.PROGRAM)[4]["state_hash"] for _ in range(2)])
            stack.reset(seed=12)
            stack.step(stack.oracle())
        assert hashes[0] == hashes[1]

    def test_another_seed_is_another_scene(self, stack: CodeEnv) -> None:
        assert stack.reset(seed=1)[1]["state_hash"] != stack.reset(seed=2)[1]["state_hash"]

    def test_without_a_seed_the_episodes_go_on_as_seeded(self, stack: CodeEnv) -> None:
        def three() -> list[str]:
            return [stack.reset(seed=5)[1]["state_hash"], *(stack.reset()[1]["state_hash"] for _ in range(2))]

        assert three() == three()
        assert len(set(three())) == 3

    def test_unseen_values_by_option_and_by_argument(self, stack: CodeEnv) -> None:
        unseen = CodeEnv("stack2", values="unseen")
        by_argument = unseen.reset(seed=6)[1]
        unseen.close()
        assert stack.reset(seed=6, options={"values": "unseen"})[1] == by_argument
        assert stack.reset(seed=6)[1] != by_argument
        with pytest.raises(TaskError, match=r"knows the option 'values', not 'color'"):
            stack.reset(options={"color": "red"})


class TestState:
    def test_save_and_restore_go_back_exactly(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        stack.step("move_to(0.5, 0.2, 0.3)")
        saved, before = stack.save_state(), stack.state_hash()
        first = stack.step(stack.oracle())
        assert first[2]
        stack.restore_state(saved)
        assert stack.state_hash() == before
        second = stack.step(stack.oracle())
        assert second[4]["state_hash"] == first[4]["state_hash"]
        assert (second[1], second[4]["turns"], second[4]["calls"]) == (first[1], first[4]["turns"], first[4]["calls"])

    def test_a_state_outlives_a_reset(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        saved, before, instruction = stack.save_state(), stack.state_hash(), stack.instruction
        stack.reset(seed=9)
        stack.restore_state(saved)
        assert (stack.state_hash(), stack.instruction) == (before, instruction)
        assert stack.step(stack.oracle())[4]["success"]

    def test_a_branch_takes_world_and_variables_along_and_has_its_own_future(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        stack.step("a = [41]\nmove_to(0.5, 0.2, 0.3)")
        before = stack.state_hash()
        other = stack.branch()
        try:
            assert other.state_hash() == before
            _, _, terminated, _, info = other.step(f"a.append(1)\n{other.oracle()}\nprint(a)")
            assert terminated
            assert info["execution"].stdout == "[41, 1]\n"
            assert stack.state_hash() == before
            assert other.reset(seed=8)[1] == stack.reset(seed=8)[1]
            stack.reset(seed=3)
            stack.step("a = [41]\nmove_to(0.5, 0.2, 0.3)")
            mine = stack.step(f"a.append(1)\n{stack.oracle()}\nprint(a)")[4]
            assert mine["state_hash"] == info["state_hash"], (
                "the branch's future is the one that this one would have had"
            )
        finally:
            other.close()

    def test_a_rehearsal_tells_the_future_and_leaves_no_trace(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        stack.step("a = 41")
        before, told = stack.state_hash(), []
        stack.on_event = told.append
        try:
            rehearsal = stack.rehearse(f"a = 0\n{stack.oracle()}")
        finally:
            stack.on_event = None
        assert (rehearsal.success, rehearsal.score, rehearsal.violations) == (True, 1.0, ())
        assert [call.tool for call in rehearsal.execution.calls] == ["pick", "place_on"]
        assert told == []
        assert stack.state_hash() == before
        _, reward, terminated, _, info = stack.step(f"print(a)\n{stack.oracle()}")
        assert info["execution"].stdout == "41\n"
        assert (reward, terminated, info["turns"], info["calls"]) == (1.0, True, 2, 2)
        assert info["state_hash"] == rehearsal.state_hash
        assert info["simulated_seconds"] == pytest.approx(0.5 + rehearsal.simulated_seconds)

    def test_a_rehearsal_that_goes_wrong_leaves_no_trace_either(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        before = stack.state_hash()
        rehearsal = stack.rehearse("move_to(0.4, 0.1, 0.2)\nraise ValueError('oh')")
        assert rehearsal.execution.error is not None
        assert rehearsal.execution.error.type == "ValueError"
        assert not rehearsal.success
        assert stack.state_hash() == before
        assert stack.step(stack.oracle())[4]["success"]


class TestToolsAndEvents:
    def test_extra_tools_stand_beside_the_robots(self) -> None:
        posted: list[str] = []

        @tool(effect="read")
        def ordered_cube() -> str:
            """Name of the cube that is ordered."""
            return "red cube"

        @tool(effect="write")
        def post(name: str) -> None:
            """Tell the shop."""
            posted.append(name)

        env = CodeEnv("stack2", extra_tools=Toolbox([ordered_cube, post], name="shop"))
        assert {"pick", "finish", "shop.ordered_cube"} <= set(env.tools.tools)
        env.reset(seed=0)
        assert env.rehearse("shop.post(shop.ordered_cube())").execution.error.type == "Refused"  # type: ignore[union-attr]
        assert posted == [], "what a rehearsal did outside the simulation could not be undone"
        env.step("shop.post(shop.ordered_cube())")
        assert posted == ["red cube"]
        env.close()

    def test_an_approval_policy_may_refuse_and_is_not_asked_about_finish(self, stack: CodeEnv) -> None:
        asked: list[str] = []

        def policy(call: PendingCall) -> str | None:
            asked.append(call.tool)
            return "not today" if call.effect == "physical" else None

        stack.reset(seed=3)
        before = stack.state_hash()
        stack.approve = policy
        try:
            observation, *_ = stack.step("objects()\nmove_to(0.5, 0.0, 0.3)")
            stack.step("finish()")
        finally:
            stack.approve = None
        assert asked == ["objects", "move_to"]
        assert "Refused: not today" in observation
        assert before != stack.state_hash(), "time passed all the same"

    def test_events_come_as_they_happen(self, stack: CodeEnv) -> None:
        events: list[Event] = []
        stack.reset(seed=3)
        stack.on_event = events.append
        try:
            info = stack.step("print('hi')\nmove_to(0.5, 0.0, 0.3)")[4]
        finally:
            stack.on_event = None
        kinds = [type(event) for event in events]
        assert kinds == [Printed, CallStarted, CallFinished, Executed]
        assert events[-1] == Executed(info["execution"])

    def test_an_interrupt_brings_the_arm_to_rest(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        stack.on_event = lambda event: (
            threading.Thread(target=stack.interrupt).start() if isinstance(event, CallStarted) else None
        )
        try:
            code = "while True:\n    move_to(0.4, 0.3, 0.3, 0.05)\n    move_to(0.4, -0.3, 0.3, 0.05)"
            _, _, terminated, truncated, info = stack.step(code)
        finally:
            stack.on_event = None
        assert not info["execution"].ok
        assert not terminated
        assert not truncated
        world: Any = stack._make_world()
        assert float(np.abs(world.bullet.arm.velocities()).max()) < 1e-3
        assert stack.step("move_to(0.4, 0.0, 0.3)")[4]["execution"].value is True, "the next program moves it again"

    def test_an_interrupt_hits_the_program_that_is_about_to_be_sent(
        self, stack: CodeEnv, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.reset(seed=3)
        world: Any = stack._make_world()
        resume = world.resume

        def late() -> None:
            threading.Thread(target=stack.interrupt).start()
            time.sleep(0.05)
            resume()

        monkeypatch.setattr(world, "resume", late)
        execution = stack.step("while True: pass")[4]["execution"]
        assert execution.error.type == "Interrupted"
        assert execution.seconds < 5


class TestNothingToCheatWith:
    @pytest.mark.parametrize(
        "program",
        [
            "task",
            "oracle()",
            "env",
            "import codeact_envs",
            "from codeact_envs.tasks import load_task",
            "open('/proc/self/environ')",
            "pick.__closure__",
            "pick.__globals__",
            "objects.__self__",
            "import pybullet",
            "().__class__.__base__.__subclasses__()",
            "[frame for frame in (1 for _ in ())].gi_frame",
        ],
    )
    def test_a_program_reaches_no_goal_predicate_or_simulator(self, stack: CodeEnv, program: str) -> None:
        stack.reset(seed=3)
        observation, _, terminated, _, info = stack.step(program)
        assert info["execution"].error is not None, observation
        assert info["execution"].value is None
        assert not terminated

    def test_no_name_of_the_program_leads_to_the_reference_program(self, stack: CodeEnv) -> None:
        stack.reset(seed=3)
        seen = "".join(stack.step(code)[0] for code in ("print(dir())", "print(globals())", "print(vars())"))
        assert "range(2)" not in seen
        assert "oracle" not in seen


class TestPictures:
    def test_the_scene_now(self) -> None:
        env = gymnasium.make("CodeAct/Stack2-v0", render_mode="rgb_array", width=160, height=120)
        env.reset(seed=0)
        frame = env.render()
        assert isinstance(frame, np.ndarray)
        assert (frame.shape, frame.dtype) == ((120, 160, 3), np.uint8)
        assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 50
        env.close()

    def test_frames_while_time_passes(self) -> None:
        env = CodeEnv("stack2", render_mode="rgb_array_list", width=64, height=48)
        env.reset(seed=0)
        first = env.render()
        assert len(first) == 1, "the scene before the first program"
        env.rehearse("move_to(0.5, 0.2, 0.4)")
        info = env.step("move_to(0.5, 0.2, 0.4)")[4]
        frames = env.render()
        assert len(frames) == pytest.approx(info["simulated_seconds"] * env.metadata["render_fps"], abs=2)
        assert all(frame.shape == (48, 64, 3) for frame in frames)
        assert env.render() == []
        env.close()

    def test_an_unknown_mode_is_an_error(self) -> None:
        with pytest.raises(TaskError, match="render_mode must be None"):
            CodeEnv("stack2", render_mode="hologram")

    @pytest.mark.parametrize("action", ["code", "cartesian"])
    def test_a_window_needs_a_display(self, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISPLAY", raising=False)
        with pytest.raises(TaskError, match="needs a display, and DISPLAY is not set"):
            gymnasium.make("CodeAct/Stack2-v0", action=action, render_mode="human")
        with pytest.raises(TaskError, match="no robot to watch"):
            gymnasium.make("CodeAct/WriteDeviceAdapter-v0", render_mode="human")


def test_a_hard_constraint_ends_the_episode(stack: CodeEnv) -> None:
    stack.reset(seed=3)
    name = stack._plan.goal.name("top")  # type: ignore[union-attr]
    world: Any = stack._make_world()
    bullet = world.bullet
    x, _y, _ = bullet.pose(name).position
    # From beside the table, where no program can bring it, the cube falls to the floor.
    bullet.simulation.bullet.resetBasePositionAndOrientation(
        bullet.body(name), (x, 2.0, 0.1), (0, 0, 0, 1), physicsClientId=bullet.simulation.client
    )
    _, _, terminated, _, info = stack.step("1")
    assert terminated
    assert info["violations"] == (f"{name!r} fell off the table",)
    assert not info["success"]


def test_closing_twice_is_allowed_and_leaves_nothing_to_use() -> None:
    env = CodeEnv("lift")
    env.reset(seed=0)
    env.close()
    env.close()
    with pytest.raises(ResetNeeded):
        env.step("1")


def test_limits_are_data() -> None:
    limits = load_task("stack2").limits
    assert replace(limits, turns=3).turns == 3
