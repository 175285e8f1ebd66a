"""`eval` and `exec` for a program: text is filtered and compiled as the program itself was, and may do no more.

Names that the text sees are copied into a namespace of its own, so that nothing in it can take the place of a guard.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from codeact.sandbox.language.names import METHODS, is_private
from codeact.sandbox.language.views import Whole

CHARS = 100_000
"""How long a text may be."""

Compile = Callable[[str, str], types.CodeType]
"""Filters and compiles a text, in the mode `eval` or `exec`; raises what it refuses."""


def _visible(name: object) -> bool:
    if type(name) is not str or name == "super":
        return False
    return not name.startswith("_") or name == "_" or is_private(name) or name in METHODS


class Evaluator(Whole):
    """`eval` and `exec` of one session."""

    def __init__(self, variables: dict[str, Any], compile_text: Compile) -> None:
        self._variables = variables
        self._compile = compile_text
        self._hooks = {name: value for name, value in variables.items() if not _visible(name)}

    def eval(self, text: Any, globals: Any = None, locals: Any = None, /) -> Any:
        """The built-in `eval`."""
        code = self._compile(self._text(text, "eval").strip(), "eval")
        namespace = self._namespace(globals, locals, sys._getframe(1))
        return builtins.eval(code, namespace)

    def exec(self, text: Any, globals: Any = None, locals: Any = None, /) -> None:
        """The built-in `exec`. What it binds goes to `locals`, or `globals`, or to the program's variables."""
        code = self._compile(self._text(text, "exec"), "exec")
        if globals is None and locals is None:
            builtins.exec(code, self._variables)
            return
        namespace = self._namespace(globals, locals, sys._getframe(1))
        before = dict(namespace)
        target = globals if locals is None else locals
        try:
            builtins.exec(code, namespace)
        finally:
            for name, value in namespace.items():
                if _visible(name) and (name not in before or before[name] is not value):
                    target[name] = value

    @staticmethod
    def _text(text: Any, name: str) -> str:
        if type(text) is not str:
            raise TypeError(f"{name}() arg 1 must be a string here, not {type(text).__name__}")
        if len(text) > CHARS:
            raise ValueError(f"{name}() takes at most {CHARS:,} characters")
        return text

    def _namespace(self, globals: Any, locals: Any, frame: types.FrameType) -> dict[str, Any]:
        named: dict[str, Any] = {}
        if globals is None:
            named.update(self._variables)
            if locals is None and frame.f_globals is self._variables:
                named.update(frame.f_locals)
        for given in (globals, locals):
            if given is None:
                continue
            if not isinstance(given, Mapping):
                raise TypeError(f"a namespace must be a dict, not {type(given).__name__}")
            named.update((name, given[name]) for name in list(given))
        return {**{name: value for name, value in named.items() if _visible(name)}, **self._hooks}
