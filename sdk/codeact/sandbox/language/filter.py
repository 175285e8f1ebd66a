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
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar, cast

from RestrictedPython.transformer import INSPECT_ATTRIBUTES, RestrictingNodeTransformer

from codeact.sandbox.text import words

METHODS = words(
    """__init__ __repr__ __str__ __len__ __bool__ __iter__ __next__ __getitem__ __setitem__ __delitem__
    __contains__ __call__ __enter__ __exit__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __add__ __radd__
    __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ __truediv__ __rtruediv__ __itruediv__
    __floordiv__ __rfloordiv__ __ifloordiv__ __mod__ __rmod__ __imod__ __divmod__ __rdivmod__ __pow__ __rpow__
    __ipow__ __matmul__ __rmatmul__ __imatmul__ __and__ __rand__ __iand__ __or__ __ror__ __ior__ __xor__
    __rxor__ __ixor__ __lshift__ __rlshift__ __ilshift__ __rshift__ __rrshift__ __irshift__ __neg__ __pos__
    __abs__ __invert__ __int__ __float__ __complex__ __round__ __trunc__ __floor__ __ceil__ __bytes__ __format__
    __length_hint__ __post_init__ __reversed__ __missing__ __copy__ __set_name__ __aenter__ __aexit__ __aiter__
    __anext__ __await__"""
)
"""The special methods that a class may define, and that a program may call and set by name. Never those that change how
attributes are found or objects made, nor `__index__`: C code calls it half way through what it does (see
docs/sandbox-language.md)."""

CAREFUL = words("""__new__ __getattr__ __setattr__ __delattr__ __get__ __set__ __delete__""")
"""Special methods that a class may define, and that guards.py stands around: `__new__` makes only instances of a
program's own classes, and the others never hear of, or set, an attribute that a program may not name."""

READABLE = words(
    """__name__ __qualname__ __doc__ __class__ __dict__ __version__ __cause__ __context__ __suppress_context__
    __notes__ __members__ __annotations__ __module__ __bases__ __mro__ __wrapped__ __defaults__ __code__
    __fields__ __dataclass_fields__ __match_args__"""
)
"""The special attributes that a program may name; each is checked again when it is read."""

SPECIAL = READABLE | METHODS | CAREFUL

_CLASS_NAMES = frozenset(["__slots__", "__hash__", "__doc__", "__match_args__"])
_NOT_AT_ONCE = frozenset(["format", "format_map"])
_KEEPS_ANNOTATIONS = frozenset(["__annotations__", "register"])

BANNED = INSPECT_ATTRIBUTES | words(
    """mro with_traceback f_generator func_globals func_code ctypes cffi capsule bit_generator gi_frame cr_frame
    ag_frame"""
)
"""Attribute names that lead out, on one type or another."""

_PRIVATE = re.compile(r"__?(?!_)[A-Za-z0-9](?:_{0,2}[A-Za-z0-9])*\Z")

_NOTHING_BETWEEN = sys.version_info < (3, 12)

# One for each pattern of all programs: a text that `exec` runs shares its variables with the program around it, and
# must not put another class in a pattern of that program.
_match_numbers = count(1)

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


def is_private(name: str) -> bool:
    """Whether a name is a program's own private one: `_x` or `__x`. Never `__x__`, and never a hook of ours: those
    end in an underscore. Nor one by which asyncio knows futures: it would hand its own callbacks to what has it."""
    return _PRIVATE.match(name) is not None and not name.endswith("_") and not name.startswith("_asyncio_")


def checked_name(name: object) -> str:
    """An attribute's name that came as a value, if a program may use it.

    Raises:
        TypeError, AttributeError
    """
    if type(name) is not str:
        raise TypeError(f"attribute name must be a string, not {type(name).__name__}")
    if name in BANNED or (name.startswith("_") and name != "_" and name not in SPECIAL and not is_private(name)):
        raise AttributeError(f"the attribute {name} is not available here", name=name)
    return name


class Filter(RestrictingNodeTransformer):
    """Rewrites a parsed program, and collects what is refused."""

    def __init__(self, modules: Mapping[str, Any], code: str) -> None:
        """`modules` are the views that a program may import, for `from module import *`; `code` is its text."""
        super().__init__()
        self._modules = modules
        self.refused: list[Refusal] = []
        self._classes: list[tuple[str, int]] = []  # name, and how many functions are open around its body
        self._functions = 0
        self._steady: list[set[str]] = [set()]  # by scope: parameters that only the function itself can rebind
        self._annotated = any(name in code for name in _KEEPS_ANNOTATIONS)

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
            node.type = _placed(ast.Name("Exception", ast.Load()), node)
            node.type.end_lineno, node.type.end_col_offset = node.lineno, node.col_offset + len("except")
        return self.node_contents_visit(node)

    # ---- attributes -------------------------------------------------------------------------------------------------

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
                return _placed(_call("_getspecial_", cast(ast.expr, self.visit(owner)), ast.Constant("mro")), node)
            name = self._attribute_name(node, node.attr)
            value = cast(ast.expr, self.visit(owner))
            hook = "_getspecial_" if name.startswith("__") and name.endswith("__") else "_getattr_"
            guarded = _placed(_call(hook, value, ast.Constant(name)), node)
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
        guarded = _placed(_call("_write_", cast(ast.expr, self.visit(owner))), owner)
        node.value = guarded
        if isinstance(owner, ast.Name) and self._is_steady(owner):
            own = ast.Name(owner.id, ast.Load())
            node.value = _placed(ast.IfExp(_is_among(owner, "_own_"), own, guarded), owner)
        return node

    def _at_once(self, owner: ast.Name, name: str, guarded: ast.expr, node: ast.Attribute) -> ast.AST:
        """`self.x` for a type that is let through at once, without a call; the guard decides on all others.

        See `_is_steady`.
        """
        if name in _NOT_AT_ONCE:
            return guarded
        plain = ast.Attribute(ast.Name(owner.id, ast.Load()), name, ast.Load())
        return _placed(ast.IfExp(_is_among(owner, "_fast_"), _placed(plain, node), guarded), node)

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
                guarded.args.append(_placed(ast.Constant(visited.target.attr), node))
        return visited

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
            return _placed(ast.Pass(), node)
        return cast(ast.AST, self.visit(_placed(ast.Assign([node.target], node.value), node)))

    # ---- functions and classes --------------------------------------------------------------------------------------

    def visit_FunctionDef(self, node: Any) -> ast.AST:
        self.check_name(node, node.name, allow_magic_methods=True)
        self.check_function_argument_names(node)
        node.decorator_list = [cast(ast.expr, self.visit(decorator)) for decorator in node.decorator_list]
        if node.returns is not None:
            node.returns = self.visit(node.returns) if self._annotated else None
        self._functions += 1
        node.args = cast(ast.arguments, self.visit(node.args))  # defaults are of the scope around
        self._steady.append(_steady_parameters(node))
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
                keyword.value = _placed(ast.Constant(True), keyword.value)
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
        node.value = _placed(_call("_await_", cast(ast.expr, self.visit(node.value))), node)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        return self.node_contents_visit(node)

    # ---- match ------------------------------------------------------------------------------------------------------

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        prelude: list[ast.stmt] = []
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchClass):
                    prelude.append(self._bind_match_class(pattern))
                elif isinstance(pattern, ast.MatchValue) and isinstance(pattern.value, ast.Attribute):
                    prelude.append(self._bind_match_value(pattern))
                elif isinstance(pattern, ast.MatchMapping):
                    self._check_match_keys(pattern)
        visited = cast(ast.stmt, self.node_contents_visit(node))
        return [*prelude, visited]

    def _match_name(self) -> str:
        return f"_match{next(_match_numbers)}_"

    def _bind_match_class(self, node: ast.MatchClass) -> ast.stmt:
        """Bind the checked class to a name that no program can bind, and let the pattern use that.

        A class pattern reads attributes without a guard, so the class has to be one of the program's own (or a plain
        built-in type without keyword patterns), and must not change between the check and the match.
        """
        name = self._match_name()
        for attribute in node.kwd_attrs:
            if attribute.startswith("_") or attribute in BANNED:
                self.error(node, f"the attribute {attribute} is not available here")
        attributes = ast.Tuple([ast.Constant(attribute) for attribute in node.kwd_attrs], ast.Load())
        positional = ast.Constant(bool(node.patterns))
        checked = _call("_match_class_", cast(ast.expr, self.visit(node.cls)), attributes, positional)
        node.cls = _placed(ast.Name(name, ast.Load()), node.cls)
        return _placed(ast.Assign([ast.Name(name, ast.Store())], checked), node)

    def _bind_match_value(self, node: ast.MatchValue) -> ast.stmt:
        """`case Color.RED`: read the value through the guard now, and let the pattern take it from a holder."""
        name = self._match_name()
        held = _call("_match_value_", cast(ast.expr, self.visit(node.value)))
        node.value = _placed(ast.Attribute(ast.Name(name, ast.Load()), "value", ast.Load()), node.value)
        return _placed(ast.Assign([ast.Name(name, ast.Store())], held), node)

    def _check_match_keys(self, node: ast.MatchMapping) -> None:
        for key in node.keys:
            if isinstance(key, ast.Attribute):
                self.error(node, "only literal keys are available in a pattern")

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchValue(self, node: ast.MatchValue) -> ast.AST:
        # Values with a dot were bound before; a pattern's grammar leaves literals, with a sign or as `1 + 2j`.
        return node

    def visit_MatchSingleton(self, node: ast.MatchSingleton) -> ast.AST:
        return node

    def visit_MatchSequence(self, node: ast.MatchSequence) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchOr(self, node: ast.MatchOr) -> ast.AST:
        return self.node_contents_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> ast.AST:
        self.check_name(node, node.name)
        return node

    def visit_MatchAs(self, node: ast.MatchAs) -> ast.AST:
        self.check_name(node, node.name)
        return self.node_contents_visit(node)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> ast.AST:
        self.check_name(node, node.rest)
        node.patterns = [cast(ast.pattern, self.visit(pattern)) for pattern in node.patterns]
        return node

    def visit_MatchClass(self, node: ast.MatchClass) -> ast.AST:
        node.patterns = [cast(ast.pattern, self.visit(pattern)) for pattern in node.patterns]
        node.kwd_patterns = [cast(ast.pattern, self.visit(pattern)) for pattern in node.kwd_patterns]
        return node

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
        node.names = [_placed(alias, node) for alias in names]
        return node


def _steady_parameters(node: Any) -> set[str]:
    """A function's parameters that nothing within it rebinds which runs at another time: a function or a generator."""
    parameters = {each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    for part in ast.walk(node):
        if isinstance(part, (ast.Nonlocal, ast.Global)):
            parameters.difference_update(part.names)
        elif isinstance(part, ast.NamedExpr):  # `((parameter := each) for each in ...)` binds the function's own name
            parameters.discard(part.target.id)
    return parameters


def _is_among(owner: ast.Name, types: str) -> ast.Compare:
    kind = _call("_type_", ast.Name(owner.id, ast.Load()))
    return ast.Compare(kind, [ast.In()], [ast.Name(types, ast.Load())])


def _call(hook: str, *arguments: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(hook, ast.Load()), list(arguments), [])


def _placed(new: _AST, old: ast.AST) -> _AST:
    ast.copy_location(new, old)
    ast.fix_missing_locations(new)
    return new


_INSTEAD = {
    "__len__": "use len(x)",
    "__str__": "use str(x)",
    "__repr__": "use repr(x)",
    "__getitem__": "use x[...]",
    "__contains__": "use `in`",
    "__call__": "use x(...)",
    "__eq__": "use ==",
    "__hash__": "use hash(x)",
    "__index__": "define __int__ and write int(x)",
    "__init_subclass__": "write a class decorator, or a function that you call with each class",
    "metaclass": "write a class decorator, or a function that you call with each class",
    "__class_getitem__": "derive from Generic[T], or leave it out",
    "__getattribute__": "define __getattr__, which hears of missing attributes, or a property",
    "__del__": "use a context manager (with __enter__ and __exit__)",
    "__deepcopy__": "give the class a method that makes the copy",
    "__instancecheck__": "write a function that checks",
    "__subclasshook__": "write a function that checks",
    "__prepare__": "write a class decorator",
    "__globals__": "name the variables",
    "__subclasses__": "keep a list of the classes yourself",
    "__traceback__": "traceback.format_exc() tells the error as text",
    "__builtins__": "name the functions themselves",
    "__import__": "use an import statement",
    "__file__": "files cannot be reached from here",
    "__closure__": "return the values that you want to see",
    **dict.fromkeys(
        ["__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__"],
        "nothing is pickled here; define __copy__ for copy.copy, and write data as json",
    ),
}


def instead(name: str) -> str:
    """What to use instead of a special name, to add to a message."""
    return f"; {_INSTEAD[name]}" if name in _INSTEAD else ""
