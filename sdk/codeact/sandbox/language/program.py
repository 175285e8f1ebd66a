"""Compile and run one program after another in one namespace, and tell what came of each."""

from __future__ import annotations

import ast
import builtins
import inspect
import random
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from codeact.sandbox.language import loop, offered
from codeact.sandbox.language.errors_text import Told, tell, tell_refusals
from codeact.sandbox.language.evaluated import Evaluator
from codeact.sandbox.language.exceptions import exceptions
from codeact.sandbox.language.filter import Filter
from codeact.sandbox.language.guards import Guards
from codeact.sandbox.language.hints import UNAVAILABLE, import_hint, module_hint
from codeact.sandbox.language.stand_ins import Namespace, ToolProxy
from codeact.sandbox.language.streams import StandardStream, Stream
from codeact.sandbox.language.tool_help import ToolHelp
from codeact.sandbox.language.views import ModuleView, Whole
from codeact.sandbox.text import words

SHOWN_CHARS = 4_000
"""How much of the last expression's repr is shown."""

_SOURCE_CHARS_KEPT = 2_000_000
"""How much of the programs' texts is kept: that which runs, and the last ones before it."""

_SOURCE_CHARS = 200  # what a text takes besides its characters

_PLAIN = words(
    """abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format
    frozenset hash hex int iter len list map max min next object oct ord pow property range repr reversed round
    set slice sorted staticmethod classmethod str sum super tuple zip aiter anext NotImplemented Ellipsis True
    False None __debug__"""
)


class Stopped(KeyboardInterrupt):
    """The program ends here, whatever it catches. `kind` is `output`, `interrupt` or `end`.

    An event loop lets a KeyboardInterrupt through, where it would keep another error for whoever awaits the task.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True)
class Outcome:
    """What came of a program: the last expression's value and its repr, or [type, message, line, text] of the error."""

    value: Any
    shown: str
    error: tuple[str, str, int | None, str] | None
    stopped: bool = False


class Interpreter(Whole):
    """One namespace, and the programs that have run in it."""

    def __init__(self, filtered: bool) -> None:
        self._filtered = filtered
        self._write: Callable[[str], None] = _lost
        self._sources: OrderedDict[str, str] = OrderedDict()  # by file name, the oldest first
        self._sources_made = self._source_chars = 0
        self._guards = Guards()
        self._stream = Stream(self._print_text)
        self._modules = offered.views(self._guards, self._stream, self._told)
        self._running = ""
        self._identities: dict[int, int] = {}
        self.errors: dict[str, type[Exception]] = {}  # that the tools declare
        self._tool_help = ToolHelp({}, {})
        self._given: set[str] = set()  # names of tools, of their groups, types and errors
        self._builtins = self._allowed() if filtered else dict(vars(builtins))
        self.variables: dict[str, Any] = {"__name__": "__main__", "__builtins__": self._builtins}
        if filtered:
            guards = self._guards
            self.variables.update(
                _type_=type,
                _fast_=guards.fast,
                _own_=guards.own,
                _getattr_=guards.getattr,
                _getspecial_=guards.read_special,
                _write_=guards.write,
                _match_class_=guards.match_class,
                _match_value_=guards.match_value,
                _await_=loop.awaitable,
            )
            evaluator = Evaluator(self.variables, self._compile_text)
            self._builtins.update(eval=evaluator.eval, exec=evaluator.exec)

    def configure(
        self,
        tools: Mapping[str, tuple[Callable[..., Any], str]],
        types_: Mapping[str, type],
        errors: Iterable[Iterable[Any]],
        write: Callable[[str], None],
        options: Mapping[str, Any],
    ) -> None:
        """Fill in what a session brings.

        Args:
            tools: full name to the function that calls the host, and its doc.
            types_: classes that the tools declare.
            errors: [name, names of the bases] of each exception class that the tools declare, bases first.
            write: prints.
            options: `seed`, `recursion`, `types` (name to stub).
        """
        self._write = write
        if options.get("imports") is not None:
            wanted = frozenset(options["imports"])
            self._modules = {name: view for name, view in self._modules.items() if name in wanted}
        self._tool_help = ToolHelp({name: doc for name, (_, doc) in tools.items()}, options["types"])
        for name, (call, doc) in tools.items():
            self._place(name, ToolProxy(name, doc, call))
            self._given.add(name.partition(".")[0])
        for name, kind in types_.items():
            self._builtins[name] = self._guards.adopt(kind)
        for name, bases in errors:
            kind = type(name, tuple(self.error_class(base) for base in bases), {"__module__": "tools"})
            self.errors[name] = self._builtins[name] = self._guards.adopt(kind)
        self._given.update(types_, self.errors)
        random.seed(options["seed"])
        np.random.seed(options["seed"] % 2**32)
        sys.setrecursionlimit(options["recursion"])
        if not self._filtered:
            self._builtins["help"] = self._help
            if "workspace" not in options:
                loop.install()
            stream: Any = StandardStream(write)
            sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = stream  # type: ignore[misc]

    def error_class(self, name: str) -> type[Exception]:
        """The exception class of that name: one that the tools declare, or a built-in one; Exception for any other."""
        # Looked up one by one: a worker that walks through all of them has the pages of all of them copied.
        kind = self.errors.get(name) or getattr(builtins, name, None)
        return kind if isinstance(kind, type) and issubclass(kind, Exception) else Exception

    def _already_here(self, name: str, wanted: Iterable[str] | None) -> str:
        """For who imports tools as if they were a module: their names, or "" where the names are none of tools."""
        group = self._builtins.get(name)
        members = group._members if isinstance(group, Namespace) else {}
        given = [f"{name}.{member}" for member in wanted or () if member in members] or [name] * (name in self._given)
        given += [other for other in wanted or () if other in self._given]
        return f": leave the import out, and write {', '.join(given)}" if given else ""

    def _place(self, name: str, proxy: ToolProxy) -> None:
        *groups, last = name.split(".")
        space: dict[str, Any] = self._builtins
        for depth, group in enumerate(groups):
            inner = space.get(group)
            if not isinstance(inner, Namespace):
                inner = space[group] = Namespace(".".join(groups[: depth + 1]))
            space = inner._members
        space[last] = proxy

    # ---- running ----------------------------------------------------------------------------------------------------

    def run(self, code: str, arm: Callable[[bool], None] | None = None) -> Outcome:
        """Run one program.

        Args:
            arm: told True when the program may be interrupted from now on, and False when no more.
        """
        self._running = name = self._keep(code)
        self._stream.begin()
        arm = arm or _nobody
        value: Any = None
        shown = ""
        try:
            try:
                arm(True)
                compiled, has_value = self._compile(code, name)
                if isinstance(compiled, Told):
                    return Outcome(None, "", compiled.as_tuple())
                self.variables.pop("_value_", None)
                if compiled.co_flags & inspect.CO_COROUTINE:
                    loop.run(eval(compiled, self.variables))
                else:
                    exec(compiled, self.variables)
                if has_value:
                    value = self.variables.pop("_value_", None)
                    shown = "" if value is None else _shown(value)
            finally:
                arm(False)
        except Stopped as stop:
            told = self._tell(stop)
            return Outcome(None, "", (stop.kind, stop.reason, told.line, told.text), True)
        except SystemExit as leaving:
            if leaving.code in (None, 0):
                return Outcome(None, "", None)
            return Outcome(None, "", self._tell(leaving).as_tuple())
        except BaseException as error:
            told = self._tell(error)
            del error
            return Outcome(None, "", told.as_tuple())
        return Outcome(value, shown, None)

    def rehearse(self) -> None:
        """Run a program that leaves nothing behind."""
        self.run("sum([0, 1])")
        self._sources.clear()
        self._sources_made = self._source_chars = 0

    def _keep(self, text: str) -> str:
        """Keep a program's text, for errors that come out of what it defined. Returns its file name."""
        self._sources_made += 1
        name = f"<program {self._sources_made}>"
        self._sources[name] = text
        self._source_chars += len(text) + _SOURCE_CHARS
        while self._source_chars > _SOURCE_CHARS_KEPT and len(self._sources) > 2:
            oldest = next(other for other in self._sources if other != self._running)
            self._source_chars -= len(self._sources.pop(oldest)) + _SOURCE_CHARS
        return name

    def _tell(self, error: BaseException) -> Told:
        return tell(error, self._sources, self._running, self._known, self._modules)

    def _told(self, error: BaseException) -> str:
        return self._tell(error).text

    def _known(self) -> dict[str, Any]:
        """What a name in a program could mean."""
        return {**self._builtins, **{name: self.variables[name] for name in self._names() if name in self.variables}}

    def _names(self) -> set[str]:
        return {name for name in (*self.variables, *self._builtins) if not name.startswith("_")}

    def _compile(self, code: str, name: str) -> tuple[types.CodeType | Told, bool]:
        try:
            tree: Any = compile(code, name, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        except RecursionError:
            return Told(
                "SyntaxError", "the program is nested too deep", None, "SyntaxError: the program is nested too deep"
            ), False
        except ValueError as problem:  # a null byte
            return Told("SyntaxError", str(problem), None, f"SyntaxError: {problem}"), False
        if self._filtered:
            visitor = Filter(self._modules, code)
            tree = visitor.visit(tree)
            if visitor.refused:
                return tell_refusals(visitor.refused, code), False
        has_value = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
        if has_value:
            last = tree.body[-1]
            assert isinstance(last, ast.Expr)
            target = ast.copy_location(ast.Name("_value_", ast.Store()), last)
            tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
        return compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True), has_value

    def _compile_text(self, text: str, mode: str) -> types.CodeType:
        """For `eval` and `exec`: as a program is compiled."""
        name = self._keep(text)
        tree: Any = ast.parse(text, name, mode)
        visitor = Filter(self._modules, text)
        tree = visitor.visit(tree)
        if visitor.refused:
            raise PermissionError(visitor.refused[0].message)
        return compile(tree, name, mode, dont_inherit=True)

    # ---- built-in functions -----------------------------------------------------------------------------------------

    def _allowed(self) -> dict[str, Any]:
        guards = self._guards
        return {
            **{name: getattr(builtins, name) for name in _PLAIN},
            **exceptions(),
            "getattr": guards.get,
            "hasattr": guards.has,
            "setattr": guards.set,
            "delattr": guards.delete,
            "type": guards.type_of,
            "isinstance": guards.is_instance,
            "issubclass": guards.is_subclass,
            "vars": guards.variables_of,
            "dir": self._dir,
            "print": self._print,
            "help": self._help,
            "globals": self._globals,
            "exit": offered.leave,
            "quit": offered.leave,
            "__import__": self._import,
            "__build_class__": guards.build_class,
            "id": self._identity,
            "memoryview": _memory_of,
            "locals": self._locals,
            **{name: _unavailable(name, instead) for name, instead in UNAVAILABLE.items()},
        }

    def _print_text(self, text: str) -> None:
        self._write(text)

    def _identity(self, obj: Any, /) -> int:
        """The built-in `id`: the same for one object as long as it lives. It is no address."""
        return self._identities.setdefault(id(obj), len(self._identities) * 16 + 4_096)

    def _locals(self) -> dict[str, Any]:
        frame = sys._getframe(1)
        names = dict(frame.f_locals) if frame.f_globals is self.variables else {}
        return {name: value for name, value in names.items() if not name.startswith("_")}

    def _print(
        self, *values: Any, sep: str | None = " ", end: str | None = "\n", file: Any = None, flush: bool = False
    ) -> None:
        sep, end = " " if sep is None else sep, "\n" if end is None else end
        if type(sep) is not str or type(end) is not str:
            raise TypeError("sep and end must be None or strings")
        text = sep.join([value if type(value) is str else str(value) for value in values]) + end
        if file is None:
            self._stream.write(text)
        else:
            self._guards.getattr(file, "write")(text)

    def _dir(self, *objects: Any) -> list[str]:
        return self._guards.names_of(*objects) if objects else sorted(self._globals())

    def _globals(self) -> dict[str, Any]:
        return {name: value for name, value in self.variables.items() if not name.startswith("_")}

    def _help(self, obj: Any = None, /) -> None:
        """The built-in `help`, of an object; of no object, of all tools; of a text, of the tools that fit it."""
        if obj is None or type(obj) is str:
            self._stream.write(f"{self._tool_help.all() if obj is None else self._tool_help.about(obj)}\n")
            return
        name = getattr(obj, "__name__", type(obj).__name__)
        doc = getattr(obj, "__doc__", None)
        if self._builtins.get(name) is obj and name in self._tool_help.types:
            name, doc = self._tool_help.types[name], None
        elif type(obj) is types.FunctionType:
            name = f"{name}{inspect.signature(obj)}"
        elif isinstance(obj, Namespace):
            name, doc = repr(obj), None
        elif isinstance(obj, ToolProxy):
            name, doc = doc or name, None
        self._stream.write(f"{name}\n{doc if type(doc) is str else ''}\n")

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> ModuleView:
        if type(name) is not str or level:
            raise ImportError("relative imports are not available here")
        view = self._modules.get(name)
        if view is None and type(fromlist) is list and name in sys.modules:
            # A built-in function that needs a module of the standard library or of numpy: the interpreter asks with a
            # list (a program's own statement gives a tuple or None), drops the answer and takes the module itself.
            return _NOTHING
        if view is None:
            hint = self._already_here(name, fromlist) or module_hint(name, self._modules)
            raise ModuleNotFoundError(f"the module '{name}' is not available here{hint}", name=name)
        for wanted in fromlist or ():
            if wanted not in dir(view):
                hint = import_hint(name, wanted, dir(view))
                raise ImportError(
                    f"cannot import name '{wanted}' from '{name}': it is not offered here{hint}", name=name
                )
        return view if fromlist else self._modules[name.partition(".")[0]]


_NOTHING = ModuleView("nothing", {})


def _memory_of(data: Any, /) -> memoryview:
    """The built-in `memoryview`: of bytes, to read."""
    if type(data) not in (bytes, bytearray):
        raise TypeError(f"memoryview() takes bytes here, not {type(data).__name__}")
    return memoryview(data).toreadonly()


def _unavailable(name: str, instead: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise PermissionError(f"{name}() is not available here: {instead}")

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _shown(value: Any) -> str:
    text = repr(value)
    if type(text) is not str:
        text = str(text)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + f"... ({len(text):,} characters)"


def _nobody(armed: bool) -> None:
    """Where no one interrupts."""


def _lost(text: str) -> None:
    """Where output goes before a session is there to take it."""
