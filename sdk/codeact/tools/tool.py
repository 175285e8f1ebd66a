"""A tool: one callable that programs may call, with its name, signature, docstring, effect and stop path."""

from __future__ import annotations

import contextlib
import functools
import inspect
import keyword
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType, UnionType
from typing import Any, Concatenate, Generic, NewType, cast, get_origin, overload

from typing_extensions import ParamSpec, TypeVar

from codeact.errors import ToolError
from codeact.tools import annotations as kinds
from codeact.tools.approval import EFFECTS, Approve, Effect
from codeact.tools.arguments import Arguments
from codeact.tools.closing import Closing
from codeact.tools.describe import note
from codeact.tools.renaming import Renaming
from codeact.tools.render import Renderer, docstring

P = ParamSpec("P", default=...)
Q = ParamSpec("Q")
R = TypeVar("R", default=Any)
S = TypeVar("S")
F = TypeVar("F", bound=Callable[..., Any])

Stop = Callable[[], object]


class Tool(Generic[P, R]):
    """A callable with all that a program and a host need to know about it. It can be called like the function itself.

    Attributes:
        name: its bare name. `full_name` has the names of the toolboxes around it before that, with dots.
        function: what runs.
        doc: the docstring, cleaned.
        effect: `read` changes nothing outside, `write` changes data somewhere, `physical` moves something.
        stop: brings what the tool set in motion to rest, from any thread; None if there is no such thing. It may be
            called again while the tool goes on. It may return a description of the state that it left, such as
            `"at rest at (0.41, 0.02, 0.30) m"`, or a function that gives one and is asked once the tool has returned.
        timeout_s: how long one call may take, in seconds; None for the sandbox's own limit.
        approvals: policies that are asked about each call after the sandbox's own; each must let it go on.
        is_async: whether `invoke` returns an awaitable.
        renaming: what it and the tools beside it were called before; None where nothing was renamed.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        effect: Effect = "write",
        name: str | None = None,
        stop: Stop | None = None,
        timeout_s: float | None = None,
        scope: Mapping[str, Any] | None = None,
    ) -> None:
        """Declare a tool.

        Args:
            function: a function, a bound method, or an object with `__call__` (then `name` is required).
            effect: `read`, `write` or `physical`. A function that says nothing is taken to change something.
            name: another name than the function's own.
            stop: see the class.
            timeout_s: see the class.
            scope: names for annotations that are strings, besides the globals of the function.

        Raises:
            ToolError: the name is no Python name, or an annotation asks for a value that cannot cross.
        """
        if isinstance(function, Tool):
            raise ToolError(f"{function!r} is a tool already")
        if isinstance(function, (staticmethod, classmethod)):
            raise ToolError(f"put @{type(function).__name__} above @tool, not below it")
        if not callable(function) or isinstance(function, type):
            raise ToolError(f"a tool is a function, a method or an object with __call__, not {function!r}")
        self.name = check_name(name if name is not None else getattr(function, "__name__", None), "tool")
        self.full_name = self.name
        self.function = function
        self.doc = _doc(function)
        self.effect = check_effect(effect, self.name)
        self.stop = stop
        self.timeout_s = timeout_s
        if timeout_s is not None and not timeout_s > 0:
            raise ToolError(f"tool {self.name!r}: timeout_s is {timeout_s}, and must be above 0")
        call = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
        self.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
        if any(test(f) for f in (function, call) for test in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)):
            raise ToolError(f"tool {self.name!r} is a generator; return a list instead")
        self._scope = dict(scope) if scope is not None else _surrounding_names()
        self.approvals: tuple[Approve, ...] = ()
        self.renaming: Renaming | None = None
        self._closings: tuple[Closing, ...] = ()  # of the toolboxes around it
        self._declaration: _Declaration | None = None
        self._bound_declaration: _Declaration | None = None  # the same without `self`, shared by all instances
        with contextlib.suppress(_Unresolved):  # it may name what is defined further down: tried again at the first use
            self.declaration  # noqa: B018  (says at once what is wrong)
        functools.update_wrapper(cast(Any, self), function, assigned=("__module__", "__doc__"), updated=())
        self.__name__ = self.name
        self.__qualname__ = getattr(function, "__qualname__", self.name)

    @property
    def declaration(self) -> _Declaration:
        """What follows from the signature; resolved at the first use if it names what is defined further down.

        Raises:
            ToolError: an annotation names what does not exist, or asks for a value that cannot cross.
        """
        if self._declaration is None:
            self._declaration = _Declaration(self.name, self.function, self._scope)
        return self._declaration

    @property
    def signature(self) -> inspect.Signature:
        """Parameters and return value, with annotations that are types (not strings)."""
        return self.declaration.signature

    @property
    def types(self) -> Mapping[str, type]:
        """The dataclasses and enums that the annotations reach, by name, parts first."""
        return self.declaration.types

    def bind(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Validate the arguments of a call. Returns argument name to value in the signature's order, with defaults.

        Only lossless conversions happen: int to float, tuple to list, an enum's value to its member, a dict to a
        dataclass.

        Raises:
            ArgumentError: names the argument and says what would be right.
        """
        return self.declaration.arguments.bind(self.full_name, args, kwargs or {})

    @property
    def arguments(self) -> Arguments:
        """What binds and validates the arguments of a call: for who makes many.

        Raises:
            ToolError: an annotation names what does not exist.
        """
        return self.declaration.arguments

    def invoke(self, arguments: Mapping[str, Any]) -> Any:
        """Run the function with arguments that `bind` returned. For an async function this returns the awaitable.

        Raises:
            ToolError: the tool's toolbox is closed.
        """
        for closing in self._closings:
            if closing.closed:
                raise ToolError(f"{self.full_name}() cannot be called any more: its toolbox is closed")
        args, kwargs = self.declaration.arguments.spread(arguments)
        return cast(Any, self.function)(*args, **kwargs)

    def stub(self) -> str:
        """The tool as a program's author reads it: real Python, with annotations, defaults and docstring."""
        return "\n".join(self.stub_lines(Renderer()))

    def stub_lines(self, renderer: Renderer, indent: str = "", *, brief: bool = False) -> list[str]:
        """The lines of `stub`; `renderer` remembers which imports they need. Brief is the docstring's first line."""
        head = f"{indent}def {self.name}{renderer.signature(self.signature)}:"
        text = self.doc.split("\n")[0] if brief else self._text()
        return [head, *docstring(text, indent + "    ")] if text else [f"{head} ..."]

    @functools.cached_property
    def help(self) -> str:
        """What `help` says of it after its name: `(x: float) -> bool`, and its docstring with what may be passed."""
        return "\n\n".join(part for part in (Renderer().signature(self.signature), self._text()) if part)

    def _text(self) -> str:
        """Its docstring, and what the annotations say beyond their types."""
        parameters = self.signature.parameters.items()
        notes = [line for name, each in parameters if (line := note(name, each.annotation))]
        return "\n\n".join(part for part in (self.doc, "\n".join(notes)) if part)

    def within(self, namespace: str, stop: Stop | None = None, closing: Closing | None = None) -> Tool:
        """This tool as a member of a named toolbox, with that toolbox's stop path unless it has one of its own."""
        if not namespace and closing is None and (stop is None or self.stop is not None):
            return self
        copy = self._copy()
        copy.full_name = f"{namespace}.{self.full_name}" if namespace else self.full_name
        copy.stop = self.stop if self.stop is not None else stop
        if closing is not None:
            copy._closings = (*self._closings, closing)
        return copy

    def with_effect(self, effect: Effect) -> Tool:
        """This tool with another effect.

        Raises:
            ToolError: there is no such effect.
        """
        copy = self._copy()
        copy.effect = check_effect(effect, self.full_name)
        return copy

    def with_approval(self, approve: Approve) -> Tool:
        """This tool with one more policy that must let each call go on."""
        copy = self._copy()
        copy.approvals = (*self.approvals, approve)
        return copy

    def renamed(self, renaming: Renaming) -> Tool:
        """This tool under its new name, if it has one, and with a docstring that gives the others theirs.

        Raises:
            ToolError: the new name is no Python name.
        """
        copy = self._copy()
        copy.full_name = renaming.names.get(self.full_name, self.full_name)
        copy.name = copy.__name__ = check_name(copy.full_name.rpartition(".")[2], "tool")
        copy.doc = renaming.text(self.doc, but=self.signature.parameters)
        copy.renaming = renaming if self.renaming is None else self.renaming.then(renaming)
        copy.__dict__.pop("help", None)
        return copy

    def with_function(self, function: Callable[..., Any]) -> Tool:
        """This tool with another function behind the same signature, async if that of this one is."""
        copy = self._copy()
        copy._declaration = self.declaration
        copy.function = function
        return copy

    def _copy(self) -> Tool:
        copy = object.__new__(Tool)
        copy.__dict__.update(self.__dict__)
        return copy

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type) -> Tool[P, R]: ...
    @overload
    def __get__(self: Tool[Concatenate[S, Q], R], instance: S, owner: type | None = None) -> Tool[Q, R]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        bound = object.__new__(Tool)
        bound.__dict__.update(self.__dict__)
        bound.function = cast(Any, self.function).__get__(instance, owner)
        if self._bound_declaration is None:
            with contextlib.suppress(_Unresolved):
                self._bound_declaration = _Declaration(self.name, bound.function, self._scope)
        bound._declaration = self._bound_declaration
        return bound

    def __deepcopy__(self, memo: object) -> Tool[P, R]:
        """Itself, as with functions."""
        return self

    def __repr__(self) -> str:
        return f"<Tool {self.full_name} ({self.effect})>"


class _Unresolved(ToolError):
    """An annotation names something that does not exist, or not yet."""


class _Declaration:
    """What follows from a function's signature alone, made once and shared."""

    def __init__(self, name: str, function: Callable[..., Any], scope: Mapping[str, Any]) -> None:
        try:
            self.signature = kinds.resolved_signature(function, scope)
            self.types: dict[str, type] = {}
            for parameter in self.signature.parameters.values():
                where = f"tool {name!r}: argument {parameter.name!r}"
                kinds.check(parameter.annotation, where, self.types, scope)
            returned = self.signature.return_annotation
            kinds.check(returned, f"tool {name!r}: its return value", self.types, scope, returns=True)
        except NameError as error:
            raise _Unresolved(f"tool {name!r}: an annotation names {error.name!r}, which is not defined") from None
        except (TypeError, ValueError) as error:
            if isinstance(error, ToolError):
                raise
            raise ToolError(f"tool {name!r}: its signature cannot be read: {error}") from None
        self._scope = scope

    @functools.cached_property
    def arguments(self) -> Arguments:
        return Arguments(self.signature, self._scope)


@overload
def tool(function: Callable[P, R]) -> Tool[P, R]: ...
@overload
def tool(
    *, effect: Effect = "write", name: str | None = None, stop: Stop | None = None, timeout_s: float | None = None
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(function: Any = None, **options: Any) -> Any:
    """Turn a function into a tool: `@tool` or `@tool(effect="read")`. It can still be called as before.

    The effect is `write` unless said otherwise: what is not known to be harmless is taken not to be. See `Tool` for the
    other options and the errors.
    """
    if function is None:
        return lambda decorated: Tool(decorated, **options)
    return Tool(function, **options)


def check_name(name: object, what: str) -> str:
    """A name that a program can use and that hides nothing of Python's own.

    Raises:
        ToolError: it is none.
    """
    if not isinstance(name, str):
        raise ToolError(f"a {what} needs a name; this one has none of its own, so pass name=...")
    normal = unicodedata.normalize("NFKC", name)  # as Python reads it: two spellings must not be one name
    if not name.isidentifier() or name != normal or keyword.iskeyword(name) or name.startswith("_"):
        raise ToolError(
            f"{name!r} cannot be the name of a {what}: it takes letters, digits and underscores, "
            "no underscore first, and no word of Python's own; pass name=..."
        )
    return name


def check_effect(effect: object, name: str) -> Effect:
    if effect not in EFFECTS:
        raise ToolError(f"tool {name!r} has effect {effect!r}; an effect is one of {', '.join(EFFECTS)}")
    return cast(Effect, effect)


def _doc(function: Any) -> str:
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    text = inspect.getdoc(inner) if inspect.isroutine(inner) else inspect.getdoc(type(inner))
    return (text or "").strip()


def _surrounding_names() -> dict[str, Any]:
    """Local names where the tool is declared, for annotations that are strings and name a class made in a function."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("codeact.tools."):
        frame = frame.f_back
    names: dict[str, Any] = {}
    while frame.f_locals is not frame.f_globals:
        # Types and modules only, so that no tool keeps everything alive that was near it.
        names = {**{name: value for name, value in frame.f_locals.items() if _may_annotate(value)}, **names}
        if (
            "__qualname__" not in frame.f_locals or frame.f_back is None
        ):  # only class bodies run inside their surroundings
            break
        frame = frame.f_back
    return names


def _may_annotate(value: object) -> bool:
    return isinstance(value, (type, ModuleType, UnionType, NewType)) or get_origin(value) is not None
