"""Skills: functions from programs of earlier episodes, kept in files with tests, that programs may call.

A skill is one file of Python: a docstring that says where it comes from, imports, functions of which one has the file's
name, and tests, functions whose names begin with `test_`. The host reads it as text and never imports it: it runs in
the sandbox alone, as a part of the programs that use it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from codeact.agent.formats import Format, Program, Reply
from codeact.errors import CodeActError

if TYPE_CHECKING:
    from codeact.agent.rehearsing import Rehearses
    from codeact.sandbox import Execution
    from codeact.tools import Approve, Toolbox

_TEST = "test_"
_IMPORTS = (ast.Import, ast.ImportFrom)


class SkillError(CodeActError):
    """A skill cannot be read or saved, or one of its tests fails."""


@dataclass(frozen=True)
class Skill:
    """One function that programs may call.

    Attributes:
        name: of the function.
        source: of the function, and of those that it calls.
        stub: its signature and docstring.
        tests: source of its tests.
        origin: where it comes from, in words.
    """

    name: str
    source: str
    stub: str
    tests: str = ""
    origin: str = ""

    @property
    def identity(self) -> str:
        """Its name and the beginning of the SHA-256 of its source: how traces and results name it."""
        return f"{self.name}@{sha256(self.source.encode()).hexdigest()[:12]}"

    @property
    def text(self) -> str:
        """The file."""
        parts = [ast.unparse(ast.Expr(ast.Constant(self.origin)))] if self.origin else []
        return "\n\n\n".join([*parts, self.source, *([self.tests] if self.tests else [])]) + "\n"


def skill_of(program: str, name: str, *, tests: str = "", origin: str = "") -> Skill:
    """A skill from a program of an episode: the function of that name, with the program's own functions that it calls.

    Args:
        program: such as the `code` of an `ActionChosen` of a trace.
        name: of the function.
        tests: source of functions whose names begin with `test_`.
        origin: where the program comes from, such as `CodeAct/Restack-v0, seed 3`.

    Raises:
        SkillError: it has no such function, or one without a docstring, or the tests are none.
    """
    tree = _parsed(program, "the program")
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if name not in functions:
        raise SkillError(f"the program has no function {name!r}; it has {', '.join(functions) or 'none'}")
    if not ast.get_docstring(functions[name]):
        raise SkillError(f"the function {name!r} has no docstring, so that nobody would know what it does")
    given = _parsed(tests, "the tests").body
    wrong = [node for node in given if not _is_test(node)]
    if wrong:
        raise SkillError(f"line {wrong[0].lineno} of the tests is no function whose name begins with {_TEST}")
    needed = [functions[each] for each in functions if each in _needed(name, functions)]
    used = {node.id for each in needed for node in ast.walk(each) if isinstance(node, ast.Name)}
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, _IMPORTS) and used & _bound(node)]
    source = "\n\n\n".join(["\n".join(imports)] * bool(imports) + [ast.unparse(each) for each in needed])
    return Skill(name, source, _stub(functions[name]), "\n\n\n".join(map(ast.unparse, given)), origin)


def save_skill(folder: Path, skill: Skill) -> Path:
    """Write a skill into a folder, as `<name>.py`. One that is there already is kept.

    Raises:
        SkillError: there is one of this name, or the file cannot be written.
    """
    path = folder / f"{skill.name}.py"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(skill.text)
    except OSError as error:
        raise SkillError(f"the skill cannot be written to {path}: {error}") from error
    return path


def load_skill(path: Path) -> Skill:
    """Read a skill's file.

    Raises:
        SkillError: it cannot be read, or holds anything but functions and a docstring.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SkillError(f"the skill {path} cannot be read: {error}") from error
    tree = _parsed(text, str(path))
    begin = 1 if ast.get_docstring(tree) is not None else 0
    for node in tree.body[begin:]:
        if not isinstance(node, (ast.FunctionDef, *_IMPORTS)):
            raise SkillError(f"line {node.lineno} of {path} is no function; a skill is functions and their tests")
    tests = "\n\n\n".join(ast.unparse(node) for node in tree.body if _is_test(node))
    kept = "\n\n\n".join(ast.unparse(node) for node in tree.body[begin:] if not _is_test(node))
    return skill_of(kept, path.stem, tests=tests, origin=ast.get_docstring(tree) or "")


def check_skill(
    skill: Skill,
    tools: Toolbox | None = None,
    *,
    approve: Approve | None = None,
    stage: Rehearses | None = None,
) -> None:
    """Run its tests: in a sandbox, each in a session of its own, or where they are rehearsed and so change nothing.

    Args:
        tools: that it calls in the sandbox; give tools that move nothing.
        approve: policy that is asked about each call there.
        stage: an environment that has `rehearse(code)` and was reset, in place of the sandbox.

    Raises:
        SkillError: it has no tests, or one fails.
    """
    names = [node.name for node in ast.parse(skill.tests).body if isinstance(node, ast.FunctionDef)]
    if not names:
        raise SkillError(f"the skill {skill.name!r} has no tests")
    programs = {name: f"{skill.source}\n\n\n{skill.tests}\n\n\n{name}()" for name in names}
    for name, execution in _in_sandbox(programs, tools, approve) if stage is None else _rehearsed(programs, stage):
        if execution.error is not None:
            raise SkillError(f"{name} of the skill {skill.name!r} fails:\n{execution.error.text}")


def _in_sandbox(
    programs: Mapping[str, str], tools: Toolbox | None, approve: Approve | None
) -> Iterator[tuple[str, Execution]]:
    from codeact.sandbox import Sandbox
    from codeact.tools import Toolbox as Box

    with Sandbox(tools if tools is not None else Box(), approve=approve) as sandbox:
        for name, program in programs.items():
            sandbox.reset()
            yield name, sandbox.run(program)


def _rehearsed(programs: Mapping[str, str], stage: Rehearses) -> Iterator[tuple[str, Execution]]:
    for name, program in programs.items():
        yield name, stage.rehearse(program).execution


class WithSkills:
    """A format whose programs may call skills: each program is preceded by the source of those that it names."""

    def __init__(self, inner: Format, skills: Sequence[Skill]) -> None:
        self._inner = inner
        self._skills = {skill.name: skill for skill in skills}
        self.name, self.stop, self.how = inner.name, inner.stop, inner.how

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        reply = self._inner.parse(text, cut=cut)
        if not isinstance(reply, Program):
            return reply
        used = [self._skills[name] for name in self._skills if name in _names(reply.code)]
        if not used:
            return reply
        code = "\n\n".join([*(f"# skill {skill.identity}\n{skill.source}" for skill in used), reply.code])
        note = f"it uses the skills {', '.join(skill.identity for skill in used)}"
        return replace(reply, code=code, note="; ".join(filter(None, (reply.note, note))))

    def is_complete(self, text: str) -> bool:
        return self._inner.is_complete(text)


def skill_stubs(skills: Iterable[Skill]) -> str:
    """What a prompt shows of skills, after the tools; empty where there are none."""
    stubs = [skill.stub for skill in skills]
    return "\n\n".join(["# Written and tested in earlier episodes, and ready as well:", *stubs]) if stubs else ""


def _parsed(source: str, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise SkillError(f"{what}: this is no Python: {error}") from error


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith(_TEST)


def _bound(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}


def _needed(name: str, functions: dict[str, ast.FunctionDef]) -> set[str]:
    needed, open_names = set[str](), [name]
    while open_names:
        needed.add(current := open_names.pop())
        found = {node.id for node in ast.walk(functions[current]) if isinstance(node, ast.Name)}
        open_names += [each for each in functions if each in found and each not in needed]
    return needed


def _stub(function: ast.FunctionDef) -> str:
    documented = ast.FunctionDef(**{**vars(function), "body": function.body[:1], "decorator_list": []})
    return ast.unparse(ast.fix_missing_locations(documented))


def _names(code: str) -> set[str]:
    try:
        return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
