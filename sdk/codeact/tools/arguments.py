"""Arguments of a call: put to the parameters as Python would, then validated, with errors that a model can act on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any, Never, get_args, get_origin

from pydantic import ValidationError

from codeact.errors import ArgumentError
from codeact.tools import annotations as kinds
from codeact.tools.describe import describe, made_by
from codeact.tools.validation import validator, without_numpy
from codeact.tools.wording import did_you_mean, listed, short_repr, value_text

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_MOST_ERRORS = 3


class Arguments:
    """Binds and validates the arguments of one signature, whose annotations are resolved."""

    def __init__(self, signature: Signature, scope: Mapping[str, Any]) -> None:
        self._parameters = parameters = signature.parameters
        self._positional = tuple(p.name for p in parameters.values() if p.kind in _BY_POSITION)
        self._named = frozenset(p.name for p in parameters.values() if p.kind in _BY_NAME)
        self._rest = next((p.name for p in parameters.values() if p.kind is Parameter.VAR_POSITIONAL), None)
        self._extra = next((p.name for p in parameters.values() if p.kind is Parameter.VAR_KEYWORD), None)
        self._defaults = {p.name: p.default for p in parameters.values() if p.default is not Parameter.empty}
        if self._rest:
            self._defaults[self._rest] = ()
        if self._extra:
            self._defaults[self._extra] = {}
        self._required = frozenset(parameters) - self._defaults.keys()
        self._annotations = {name: _annotation(parameter) for name, parameter in parameters.items()}
        self._validate = validator(self._annotations, scope)
        self._plain = all(p.kind in _BY_NAME for p in parameters.values())
        self._exact = _exact(parameters.values())

    def bind(self, tool: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Argument name to validated value, in the order of the signature, defaults included.

        Raises:
            ArgumentError: names the argument and says what would be right.
        """
        if not kwargs and (exact := self.bind_exact(args)) is not None:
            return exact
        given = dict(zip(self._positional, args, strict=False))
        if len(args) > len(self._positional):
            if self._rest is None:
                self._too_many(tool, args)
            given[self._rest] = tuple(args[len(self._positional) :])
        if kwargs:
            for name, value in kwargs.items():
                if name in self._named:
                    if name in given:
                        raise ArgumentError(f"{tool}() got argument {name!r} twice: by position and by name")
                    given[name] = value
                elif self._extra is not None and type(name) is str:
                    given.setdefault(self._extra, {})[name] = value
                else:
                    self._unknown(tool, name)
        if len(given) < len(self._parameters) and not self._required <= given.keys():
            self._missing(tool, given)
        try:
            values = self._validate(given)
        except ValidationError as error:
            values = self._second_try(tool, given, error)
        if len(values) == len(self._parameters):
            return values
        return {name: values[name] if name in values else self._defaults[name] for name in self._parameters}

    def bind_exact(self, args: Sequence[Any]) -> dict[str, Any] | None:
        """The same where plain arguments are of just the types that the signature names, as most are; else None."""
        if self._exact != tuple(map(type, args)):
            return None
        if float in self._exact and not _finite(args):
            return None
        return dict(zip(self._positional, args))  # noqa: B905 - as many as there are types

    def spread(self, arguments: Mapping[str, Any]) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Bound arguments as `(args, kwargs)` for a call of the function."""
        if self._plain:
            return (), arguments
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            if parameter.kind is Parameter.VAR_POSITIONAL:
                args.extend(arguments[name])
            elif parameter.kind is Parameter.VAR_KEYWORD:
                kwargs.update(arguments[name])
            elif parameter.kind is Parameter.KEYWORD_ONLY:
                kwargs[name] = arguments[name]
            else:
                args.append(arguments[name])
        return tuple(args), kwargs

    def _second_try(self, tool: str, given: dict[str, Any], error: ValidationError) -> dict[str, Any]:
        """Numpy's numbers are rarely met, so they cost a second try instead of a look at every argument."""
        wrong = {str(line["loc"][0]) for line in error.errors(include_url=False, include_input=False)}
        retried = {name: without_numpy(value) if name in wrong else value for name, value in given.items()}
        try:
            return self._validate(retried)
        except ValidationError as last:
            raise ArgumentError(self._complaint(tool, given, last)) from None

    def _complaint(self, tool: str, given: Mapping[str, Any], error: ValidationError) -> str:
        complaints: dict[str, str] = {}
        for line in error.errors(include_url=False, include_input=False):
            name = str(line["loc"][0])
            if name in complaints:
                continue
            place, annotation, value = _locate(name, line["loc"][1:], self._annotations[name], given[name])
            own = line["msg"] if line["type"] == "codeact" else ""
            if line["type"] in ("value_error", "assertion_error"):
                own = str(line.get("ctx", {}).get("error", line["msg"]))
            if not own:
                asked = "a finite number" if line["type"] == "finite_number" else describe(annotation)
                own = f"expected {asked}, got {value_text(value)}{made_by(annotation)}"
            complaints[name] = f"argument {place!r}: {own}"
        shown = list(complaints.values())[:_MOST_ERRORS]
        return f"{tool}() {'; '.join(shown)}"

    def _too_many(self, tool: str, args: Sequence[Any]) -> Never:
        takes = len(self._positional)
        limit = (
            f"at most {takes} argument{'' if takes == 1 else 's'} by position" if takes else "no arguments by position"
        )
        raise ArgumentError(f"{tool}() takes {limit}, got {len(args)}; {self._offer()}")

    def _unknown(self, tool: str, name: object) -> Never:
        if name in self._positional:
            raise ArgumentError(f"{tool}() takes argument {name!r} by position only")
        hint = did_you_mean(str(name), self._named)
        raise ArgumentError(f"{tool}() has no argument {short_repr(name)}{hint or '; ' + self._offer()}")

    def _missing(self, tool: str, given: Mapping[str, Any]) -> Never:
        names = [name for name in self._parameters if name in self._required and name not in given]
        wanted = listed(f"{name!r} ({describe(self._annotations[name])})" for name in names)
        raise ArgumentError(f"{tool}() is missing argument{'' if len(names) == 1 else 's'} {wanted}")

    def _offer(self) -> str:
        return f"its arguments are {listed(self._parameters)}" if self._parameters else "it takes no arguments"


def _exact(parameters: Iterable[Parameter]) -> tuple[type, ...] | None:
    """The types of the arguments, where a call with just these needs no further look but at infinities."""
    given = tuple(parameters)
    exact = tuple(parameter.annotation for parameter in given)
    plain = all(kind in (bool, int, float, str) for kind in exact)
    return exact if plain and all(p.kind is Parameter.POSITIONAL_OR_KEYWORD for p in given) else None


def _finite(args: Sequence[Any]) -> bool:
    return all(-math.inf < item < math.inf for item in args if type(item) is float)


def _annotation(parameter: Parameter) -> Any:
    annotation: Any = Any if parameter.annotation is Parameter.empty else parameter.annotation
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return tuple.__class_getitem__((annotation, ...))
    if parameter.kind is Parameter.VAR_KEYWORD:
        return dict.__class_getitem__((str, annotation))
    return annotation


def _locate(name: str, path: tuple[int | str, ...], annotation: Any, value: Any) -> tuple[str, Any, Any]:
    """Follow pydantic's path into an argument as far as annotation and value go: place, annotation and value there."""
    place = name
    for number, step in enumerate(path):
        inner = kinds.bare(annotation)
        if kinds.is_union(inner):
            options = [option for option in get_args(inner) if option is not type(None)]
            if len(options) != 1:
                break
            inner = kinds.bare(options[0])
        try:
            if kinds.is_dataclass(inner):
                annotation = kinds.field_types(inner)[str(step)]
                value = value[step] if isinstance(value, dict) else getattr(value, str(step))
                place += f".{step}"
                continue
            collection = (kinds.COLLECTIONS | kinds.PARAMETERS_ONLY)[get_origin(inner) or inner]
            arguments = get_args(inner)
            if collection is dict and path[number + 1 : number + 2] == ("[key]",):
                return f"key of {place}", arguments[0], step
            if collection is dict:
                annotation, value = arguments[1], value[step]
            else:
                fixed = collection is tuple and Ellipsis not in arguments
                annotation, value = arguments[int(step) if fixed else 0], list(value)[int(step)]
            place += f"[{short_repr(step)}]"
        except (LookupError, TypeError, ValueError, AttributeError, NameError):
            break
    return place, annotation, value
