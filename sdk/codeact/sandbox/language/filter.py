"""The language filter: what a program may say, decided before it runs.

It stands on RestrictedPython's transformer and gives natural Python back where that is safe. A program is rewritten
so that each read of an attribute goes through `_getattr_` (or `_getspecial_`, for the few special ones that may be
named) and each write of one through `_write_` (see guards.py);
items, iteration, unpacking, calls and `+=` are left as they are, for in this policy a check there would decide
nothing, and loops then run at CPython's speed. What cannot be allowed is refused with a line, a column and what to
use instead.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from codeact.sandbox.language.attributes import AttributeFilter, steady_parameters
from codeact.sandbox.language.names import CAREFUL, METHODS, instead, is_private
from codeact.sandbox.language.nodes import call, placed

_CLASS_NAMES = frozenset(["__slots__", "__hash__", "__doc__", "__match_args__"])

_AST = TypeVar("_AST", bound=ast.AST)

# Nodes that say nothing by themselves. A new kind of node is none of these: RestrictedPython refuses what it does not
# know.
_LEAVES = frozenset(
    [
        ast.Constant,
        *[ast.Load, ast.Store, ast.Del],
        *[ast.And, ast.Or, ast.Not, ast.Invert, ast.UAdd, ast.USub],
        *[ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow],
        *[ast.LShift, ast.RShift, ast.BitOr, ast.BitXor, ast.BitAnd],
        *[ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn],
    ]
)


@dataclass(frozen=True)
class Refusal:
    """What a program may not say, and where: line from 1, columns from 0 in bytes as `ast` counts them."""

    message: str
    line: int
    column: int
    end_column: int


class Filter(AttributeFilter):
    """Rewrites a parsed program, and collects what is refused."""

    def __init__(self, modules: Mapping[str, Any], code: str) -> None:
        """`modules` are the views that a program may import, for `from module import *`; `code` is its text."""
        super().__init__(code)
        self._modules = modules
        self.refused: list[Refusal] = []
        self._functions = 0
        self._annotated = "__annotations__" in code or "register" in code  # what else looks at annotations

    def visit(self, node: ast.AST) -> Any:
        """Visit a node, by the method for its kind, which is looked up once."""
        kind = type(node)
        method = _methods.get(kind)
        if method is None:
            method = _methods[kind] = getattr(Filter, f"visit_{kind.__name__}", Filter.generic_visit)
        return method(self, node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_Expression(self, node: ast.Expression) -> ast.AST:
        return self.node_contents_visit(node)

    def node_contents_visit(self, node: _AST) -> _AST:
        """Visit what is in a node. As RestrictedPython's own, but without a look at each operator."""
        for name in node._fields:
            old = getattr(node, name, None)
            if type(old) is list:
                new: list[Any] = []
                for item in old:
                    if isinstance(item, ast.AST) and type(item) not in _LEAVES:
                        item = self.visit(item)
                        if item is None:
                            continue
                        if type(item) is list:
                            new.extend(item)
                            continue
                    new.append(item)
                old[:] = new
            elif isinstance(old, ast.AST) and type(old) not in _LEAVES:
                made = self.visit(old)
                if made is None:
                    delattr(node, name)
                else:
                    setattr(node, name, made)
        return node

    def error(self, node: ast.AST, info: str) -> None:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", None) if getattr(node, "end_lineno", None) == line else None
        self.refused.append(Refusal(info, line, column, end or column + 1))

    def not_allowed(self, node: ast.AST) -> None:
        self.error(node, f"{type(node).__name__} is not available here")

    def visit_TryStar(self, node: ast.AST) -> ast.AST:
        # A group whose `split` gives nonsense would crash the interpreter, but no program can make a class of groups.
        return self.node_contents_visit(node)

    def inject_print_collector(self, node: ast.AST, position: int = 0) -> None:
        """`print` is an ordinary function here."""

    # ---- names ------------------------------------------------------------------------------------------------------

    @property
    def _in_class_body(self) -> bool:
        return bool(self._classes) and self._classes[-1][1] == self._functions

    def check_name(self, node: Any, name: str | None, allow_magic_methods: bool = False) -> None:
        if name is None or name == "_":
            return
        if name == "super":
            self.error(node, '"super" cannot be given another meaning')
        elif name.startswith("_"):
            if name.startswith("__") and name.endswith("__"):
                if name in METHODS or (self._in_class_body and (name in _CLASS_NAMES or name in CAREFUL)):
                    return
                if allow_magic_methods and self._in_class_body:
                    self.error(node, f"a class may not define {name} here{instead(name)}")
                else:
                    self.error(node, f"the name {name} is not available here")
            elif not is_private(name):
                self.error(node, f"the name {name} is reserved")
        elif name in INSPECT_ATTRIBUTES:
            self.error(node, f"the name {name} is reserved")

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in ("__name__", "super", "__doc__"):
            return node
        self.check_name(node, node.id)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        for name in node.names:
            self.check_name(node, name)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        self.check_name(node, node.name)
        if node.type is None:  # a bare except must not catch what ends the program
            node.type = placed(ast.Name("Exception", ast.Load()), node)
            node.type.end_lineno, node.type.end_col_offset = node.lineno, node.col_offset + len("except")
        return self.node_contents_visit(node)

    # ---- what needs no hook -----------------------------------------------------------------------------------------

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        return self.node_contents_visit(node)

    def guard_iter(self, node: Any) -> Any:
        return self.node_contents_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self._in_class_body and isinstance(node.target, ast.Name):
            return self.node_contents_visit(node)  # a field of a dataclass
        if node.value is None:
            self.visit(node.target)
            return placed(ast.Pass(), node)
        return cast(ast.AST, self.visit(placed(ast.Assign([node.target], node.value), node)))

    # ---- functions and classes --------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        node.decorator_list = [cast(ast.expr, self.visit(decorator)) for decorator in node.decorator_list]
        if node.returns is not None:
            node.returns = self.visit(node.returns) if self._annotated else None
        self._functions += 1
        node.args = cast(ast.arguments, self.visit(node.args))  # defaults are of the scope around
        self._steady.append(steady_parameters(node, self._rebinds))
        try:
            node.body = self._block(node.body)
        finally:
            self._functions -= 1
            self._steady.pop()
        if getattr(node, "type_params", None):
            self.error(node, "type parameters are not available here; leave them out")
        return cast(ast.AST, node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        # An annotation of a parameter decides nothing, and need not exist here, but where the program looks at it.
        if node.annotation is not None:
            node.annotation = cast(ast.expr, self.visit(node.annotation)) if self._annotated else None
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.check_function_argument_names(node)
        self._functions += 1
        try:
            return self._later(node)
        finally:
            self._functions -= 1

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.AST:
        return self._later(node)

    def _later(self, node: ast.AST) -> ast.AST:
        """Visit what runs later than the function around it, which may have rebound its parameters by then."""
        self._steady.append(set())
        try:
            return self.node_contents_visit(node)
        finally:
            self._steady.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if getattr(node, "type_params", None):
            self.error(node, "type parameters are not available here; leave them out")
        self.check_name(node, node.name)
        for keyword in node.keywords:
            abstract = keyword.arg == "metaclass" and ast.unparse(keyword.value) in ("ABCMeta", "abc.ABCMeta")
            total = keyword.arg == "total" and isinstance(keyword.value, ast.Constant)
            if keyword.arg == "metaclass" and not abstract:
                self.error(node, f"a class statement may not pass metaclass= here{instead('metaclass')}")
            elif not (abstract or total):
                self.error(node, f"a class statement may not pass {keyword.arg}= here{instead('__init_subclass__')}")
            elif abstract:
                keyword.value = placed(ast.Constant(True), keyword.value)
        node.decorator_list = [cast(ast.expr, self.visit(decorator)) for decorator in node.decorator_list]
        node.bases = [cast(ast.expr, self.visit(base)) for base in node.bases]
        self._classes.append((node.name, self._functions))
        self._steady.append(set())
        try:
            node.body = self._block(node.body)
        finally:
            self._classes.pop()
            self._steady.pop()
        return node

    def _block(self, body: Iterable[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for statement in body:
            result = self.visit(statement)
            if isinstance(result, list):
                made.extend(result)
            elif result is not None:
                made.append(result)
        return made or [ast.Pass()]

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        self.error(node, "the type statement is not available here; write X = ... instead of type X = ...")
        return node

    # ---- async ------------------------------------------------------------------------------------------------------

    def visit_Await(self, node: ast.Await) -> ast.AST:
        # What is no awaitable, such as the result of a tool, is its own outcome.
        node.value = placed(call("_await_", cast(ast.expr, self.visit(node.value))), node)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.node_contents_visit(node)

    # ---- imports ----------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self.check_name(node, bound)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        names: list[ast.alias] = []
        for alias in node.names:
            if alias.name == "*":
                view = self._modules.get(node.module or "")
                # Of a module that is not offered the import itself fails, and says why.
                names.extend(
                    ast.alias(name) for name in (["anything"] if view is None else dir(view)) if name[0] != "_"
                )
            else:
                names.append(alias)
        for alias in names:
            if node.module != "__future__" and alias.name.startswith("_"):
                self.error(node, f"{alias.name} is not offered by {node.module}")
            self.check_name(node, alias.asname or alias.name)
        node.names = [placed(alias, node) for alias in names]
        return node


_methods: dict[type[ast.AST], Callable[[Filter, Any], Any]] = {}
