"""A reference program, and where in it something could go wrong."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Source:
    """A program that can be changed without the rest of its text being touched.

    Attributes:
        text: the program.
        effects: the effect of each tool that it may call, by name.
    """

    text: str
    effects: Mapping[str, str]

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @cached_property
    def head(self) -> dict[str, ast.Assign]:
        """The literal assignments that it begins with, by variable: what the instruction says."""
        found: dict[str, ast.Assign] = {}
        for statement in self.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
                    found[name] = statement
                case _:
                    break
        return found

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements after the head."""
        return self.tree.body[len(self.head) :]

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Calls of tools, but for `finish`."""
        return [call for call in self.walk(ast.Call) if (name := called(call)) in self.effects and name != "finish"]

    @cached_property
    def late(self) -> frozenset[ast.AST]:
        """Everything that runs only after another condition of the same `and` was met."""
        return frozenset(
            inner
            for node in self.walk(ast.BoolOp)
            if isinstance(node.op, ast.And)
            for value in node.values[1:]
            for inner in ast.walk(value)
        )

    @property
    def early_calls(self) -> list[ast.Call]:
        """Calls before which, in their statement, nothing has been done yet: a program can be begun again there."""
        return [call for call in self.calls if call not in self.late]

    @property
    def looks(self) -> list[str]:
        """Calls that only read, and need nothing but what the instruction says."""
        found = []
        for call in self.calls:
            names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)} - {called(call)}
            if self.effects[called(call)] == "read" and names <= self.head.keys():
                found.append(self.of(call))
        return list(dict.fromkeys(found))

    def walk(self, kind: type[Node]) -> Iterator[Node]:
        """All nodes of a kind."""
        return (node for node in ast.walk(self.tree) if isinstance(node, kind))

    def of(self, node: ast.AST) -> str:
        """The text of a node."""
        return ast.get_source_segment(self.text, node) or ""

    def replaced(self, node: ast.AST, text: str) -> str:
        """The program with another text in place of a node."""
        begin, end = self._span(node)
        data = self.text.encode()
        return (data[:begin] + text.encode() + data[end:]).decode()

    def without(self, statement: ast.stmt) -> str:
        """The program without the lines of a statement."""
        lines = self.text.split("\n")
        return "\n".join(lines[: statement.lineno - 1] + lines[statement.end_lineno :])

    def before(self, statement: ast.stmt) -> str:
        """The program's lines before a statement."""
        return "\n".join(self.text.split("\n")[: statement.lineno - 1])

    def since(self, statement: ast.stmt) -> str:
        """The program's lines from a statement on."""
        return "\n".join(self.text.split("\n")[statement.lineno - 1 :])

    def _span(self, node: ast.AST) -> tuple[int, int]:
        starts = [0]
        for line in self.text.encode().split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        begin = starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        end = starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]
        return begin, end


def called(call: ast.Call) -> str:
    """The name of what is called; empty where it is none."""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, SyntaxError):
        return False
    return True
