"""The table of `docs/tool-use-tasks.md`, made from the code. `python tests/envs/tool_use_document.py` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from codeact_envs.tool_use import GENERATORS, load_tool_use_task

DOCUMENT = Path(__file__).parents[2] / "docs" / "tool-use-tasks.md"


def generators() -> str:
    """Each generator's tools, and its kinds of questions with an example and the tolerance."""
    lines = ["| generator | tools | 1 | 2 | 3 |", "|---|---|---|---|---|"]
    for name in GENERATORS:
        generator = load_tool_use_task(f"{name}_1").generator
        world = load_tool_use_task(f"{name}_1").make_world()
        tools = " ".join(f"`{tool.full_name}`" for tool in world.toolbox)
        world.close()
        grades = [
            "; ".join(f"`{each.name}`, {_exact(str(each.tolerance))}" for each in questions)
            for questions in generator.grades.values()
        ]
        lines.append(f"| `{name}`: {generator.title} | {tools} | {' | '.join(grades)} |")
    return "\n".join(lines)


def _exact(tolerance: str) -> str:
    return tolerance.removeprefix("A number may be off by ").removesuffix(".") or "exact"


def written(text: str) -> str:
    """The document with its table made anew."""
    pattern = re.compile("(<!-- generators -->\n).*?(<!-- end of generators -->)", re.DOTALL)
    text, found = pattern.subn(lambda match: f"{match[1]}{generators()}\n{match[2]}", text)
    assert found == 1, f"{DOCUMENT.name} has no place for its table"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
