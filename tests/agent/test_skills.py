"""Skills: functions of earlier episodes, kept in files with tests, called by later programs, and always reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codeact import CodeActAgent, Toolbox, tool
from codeact.agent import AgentSettings, Brief
from codeact.agent.skills import Skill, SkillError, check_skill, load_skill, save_skill, skill_of
from codeact.errors import CodeActError
from codeact.evaluation.agents import make_agent, told_settings
from codeact.evaluation.errors import EvaluationError
from codeact.events import ActionChosen, Event
from codeact.models import ScriptedModel

PROGRAM = """
import math
import json

def half(x: float) -> float:
    return x / 2

def unused():
    return json.dumps(1)

def radius(area: float, scale: float = 1.0) -> float:
    '''Return the radius of a circle of an area in square metres.'''
    return scale * math.sqrt(half(2 * area) / math.pi)

print(radius(3.14))
"""
TESTS = "def test_unit():\n    assert abs(radius(3.14159265) - 1.0) < 1e-6\n"


@tool(effect="read")
def area() -> float:
    """Return the area of the circle."""
    return 3.141592653589793


@pytest.fixture
def skill() -> Skill:
    return skill_of(PROGRAM, "radius", tests=TESTS, origin="Circles, seed 3")


def test_a_function_is_taken_out_of_a_program_with_what_it_needs(skill: Skill) -> None:
    assert "import math" in skill.source
    assert "def half" in skill.source
    assert "json" not in skill.source
    assert "print" not in skill.source
    assert skill.stub.startswith("def radius(area: float, scale: float=1.0) -> float:")
    assert "radius of a circle" in skill.stub
    assert "sqrt" not in skill.stub


def test_it_is_saved_and_loaded_and_never_overwritten(skill: Skill, tmp_path: Path) -> None:
    path = save_skill(tmp_path / "skills", skill)
    assert load_skill(path) == skill
    assert path.read_text().startswith("'Circles, seed 3'")
    with pytest.raises(SkillError, match="cannot be written"):
        save_skill(tmp_path / "skills", skill)


def test_its_tests_are_run_in_the_sandbox(skill: Skill) -> None:
    check_skill(skill)
    with pytest.raises(SkillError, match="has no tests"):
        check_skill(skill_of(PROGRAM, "radius"))
    wrong = skill_of(PROGRAM, "radius", tests="def test_two():\n    assert radius(1.0) == 2.0, 'too small'\n")
    with pytest.raises(SkillError, match=r"test_two of the skill 'radius' fails:(.|\n)*too small"):
        check_skill(wrong)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def radius(", "is no Python"),
        ("def other():\n    '''Other.'''\n", "has no function 'radius'; it has other"),
        ("def radius(x):\n    return x\n", "has no docstring"),
        ("'From here.'\nprint('hello')\n", "line 2 of .* is no function"),
    ],
)
def test_other_files_are_refused_and_never_run(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "radius.py"
    path.write_text(text)
    with pytest.raises(SkillError, match=why):
        load_skill(path)


@pytest.mark.parametrize(
    ("action_format", "reply"),
    [
        ("code", "<execute>finish(round(radius(area()), 6))</execute>"),
        ("json", '{"tool": "radius", "args": {"area": 3.141592653589793}}'),
        ("text", "Action: radius, 3.141592653589793\n"),
    ],
)
def test_programs_call_it_and_the_trace_says_so(skill: Skill, action_format: str, reply: str) -> None:
    told: list[Event] = []
    model = ScriptedModel([reply, "1.0"], name="script")
    with CodeActAgent(model, skills=[skill], action_format=action_format) as agent:
        assert agent.chat("Which radius?", tools=Toolbox([area]), on_event=told.append) == "1.0"
        assert agent.name.endswith(f"+{skill.identity}")
        assert "Return the radius of a circle" in agent.prompt(Brief("?", "", ""))[0].content
    (chosen,) = (event for event in told if isinstance(event, ActionChosen))
    assert chosen.note == f"it uses the skills {skill.identity}"
    assert chosen.code.startswith(f"# skill {skill.identity}\nimport math")


def test_programs_that_do_not_call_it_are_left_alone(skill: Skill) -> None:
    agent = CodeActAgent(ScriptedModel(["<execute>print(1)</execute>"]), skills=[skill])
    agent.begin(Brief("?", "", ""), lambda event: None)
    action = agent.act(None, lambda event: None)
    assert (action.code, action.note) == ("print(1)", "")


def test_a_skill_may_not_take_the_name_of_a_tool(skill: Skill) -> None:
    @tool
    def radius() -> None:
        """Do something else."""

    with (
        CodeActAgent(ScriptedModel(["x"]), skills=[skill]) as agent,
        pytest.raises(CodeActError, match="'radius' is the name of a skill and of a tool"),
    ):
        agent.chat("?", tools=Toolbox([radius]))


def test_results_name_the_skills_and_workers_get_them_whole(skill: Skill, tmp_path: Path) -> None:
    path = save_skill(tmp_path, skill)
    settings = AgentSettings(skills=[path])
    assert told_settings(settings) == {"max_turns": None, "max_tokens": None, "skills": [skill.identity]}
    path.unlink()  # it was read, so that a change of the file on the way changes nothing
    again = AgentSettings.of_data(json.loads(json.dumps(settings.as_data())))
    assert again == settings
    script = tmp_path / "script.yaml"
    script.write_text("[x]")
    assert make_agent(f"scripted:{script}", again).name.endswith(skill.identity)
    with pytest.raises(EvaluationError, match="for a model only: skills; the agent 'oracle' has no model"):
        make_agent("oracle", again)
