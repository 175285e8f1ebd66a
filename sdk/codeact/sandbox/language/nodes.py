"""Nodes that the filter makes."""

from __future__ import annotations

import ast
from typing import TypeVar

_AST = TypeVar("_AST", bound=ast.AST)


def call(hook: str, *arguments: ast.expr) -> ast.Call:
    """A call of one of the guards' hooks."""
    return ast.Call(ast.Name(hook, ast.Load()), list(arguments), [])


def placed(new: _AST, old: ast.AST) -> _AST:
    """The new node, at the place of the old one."""
    ast.copy_location(new, old)
    ast.fix_missing_locations(new)
    return new
