"""The filter's part for attributes: each read and write of one goes through a guard, but where its type is known."""

from __future__ import annotations

import ast
import sys
from typing import Any, cast

from codeact.sandbox.language.names import BANNED, METHODS, SPECIAL, instead, is_private
from codeact.sandbox.language.nodes import call, placed
from codeact.sandbox.language.patterns import PatternFilter

_NOT_AT_ONCE = frozenset(["format", "format_map"])

_NOTHING_BETWEEN = sys.version_info < (3, 12)


class AttributeFilter(PatternFilter):
    """Rewrites attributes. It has to know in which class and which function they are."""

    def __init__(self, code: str) -> None:
        """`code` is the program's text."""
        super().__init__()
        self._classes: list[tuple[str, int]] = []  # name, and how many functions are open around its body
        self._steady: list[set[str]] = [set()]  # by scope: parameters that only the function itself can rebind
        self._rebinds = "nonlocal" in code or "global" in code or ":=" in code  # what else binds another's names

    def _attribute_name(self, node: ast.AST, name: str) -> str:
        """The name as it is looked up: `self.__x` in a class `C` is `_C__x`, as the compiler would make it."""
        if name.startswith("__") and not name.endswith("__") and self._classes:
            owner = self._classes[-1][0].lstrip("_")
            if owner:
                name = f"_{owner}{name}"
        if name in BANNED:
            self.error(node, f"the attribute {name} is not available here")
        elif name.startswith("_") and name != "_" and name not in SPECIAL and not is_private(name):
            self.error(node, f"the attribute {name} is not available here{instead(name)}")
        return name

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load):
            owner = node.value
            if (
                node.attr in METHODS
                and isinstance(owner, ast.Call)
                and isinstance(owner.func, ast.Name)
                and owner.func.id == "super"
                and not owner.args
                and not owner.keywords
                and self._classes
            ):
                return node  # super has its own meaning always, so this is the method of the class above
            if node.attr == "mro":
                return placed(call("_getspecial_", cast(ast.expr, self.visit(owner)), ast.Constant("mro")), node)
            name = self._attribute_name(node, node.attr)
            value = cast(ast.expr, self.visit(owner))
            hook = "_getspecial_" if name.startswith("__") and name.endswith("__") else "_getattr_"
            guarded = placed(call(hook, value, ast.Constant(name)), node)
            if hook == "_getattr_" and isinstance(owner, ast.Name) and self._is_steady(owner):
                return self._at_once(owner, name, guarded, node)
            return guarded
        if node.attr.startswith("__") and node.attr.endswith("__"):
            allowed = node.attr in ("__name__", "__doc__") or node.attr in METHODS
            if not allowed:
                self.error(node, f"the attribute {node.attr} cannot be set here")
        else:
            node.attr = self._attribute_name(node, node.attr)
        owner = node.value
        guarded = placed(call("_write_", cast(ast.expr, self.visit(owner))), owner)
        node.value = guarded
        if isinstance(owner, ast.Name) and self._is_steady(owner):
            own = ast.Name(owner.id, ast.Load())
            node.value = placed(ast.IfExp(_is_among(owner, "_own_"), own, guarded), owner)
        return node

    def _at_once(self, owner: ast.Name, name: str, guarded: ast.expr, node: ast.Attribute) -> ast.AST:
        """`self.x` for a type that is let through at once, without a call; the guard decides on all others.

        See `_is_steady`.
        """
        if name in _NOT_AT_ONCE:
            return guarded
        plain = ast.Attribute(ast.Name(owner.id, ast.Load()), name, ast.Load())
        return placed(ast.IfExp(_is_among(owner, "_fast_"), placed(plain, node), guarded), node)

    def _is_steady(self, owner: ast.Name) -> bool:
        """Whether a name stays what it is between a look at its type and a look at its attribute.

        A parameter does: nothing that runs in between, such as the end of a generator that is thrown away, can put
        another object in its place. Up to Python 3.11 nothing runs there, for neither look makes an object, and only
        making one may collect garbage.
        """
        return _NOTHING_BETWEEN or owner.id in self._steady[-1]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        # An attribute's object is looked up once, through _write_, which gives it back only if it is the program's own.
        # The attribute itself is read without a guard: _write_ hears its name.
        visited = self.node_contents_visit(node)
        if isinstance(visited.target, ast.Attribute):
            holder = visited.target.value
            guarded = holder.orelse if isinstance(holder, ast.IfExp) else holder
            if isinstance(guarded, ast.Call):
                guarded.args.append(placed(ast.Constant(visited.target.attr), node))
        return visited


def steady_parameters(node: Any, rebinds: bool) -> set[str]:
    """A function's parameters that nothing within it rebinds which runs at another time: a function or a generator.

    `rebinds` says whether there is anything in the program that could. None with two underscores, as in a class one
    such name can be written in two ways.
    """
    given = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    parameters = {name for name in given if "__" not in name}
    for part in ast.walk(node) if rebinds else ():
        if isinstance(part, (ast.Nonlocal, ast.Global)):
            parameters.difference_update(part.names)
        elif isinstance(part, ast.NamedExpr):  # `((parameter := each) for each in ...)` binds the function's own name
            parameters.discard(part.target.id)
    return parameters


def _is_among(owner: ast.Name, types: str) -> ast.Compare:
    kind = call("_type_", ast.Name(owner.id, ast.Load()))
    return ast.Compare(kind, [ast.In()], [ast.Name(types, ast.Load())])
