"""Secrets from the environment, and keeping them out of all that a program or a person gets to read."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from codeact.errors import ToolError
from codeact.tools import Tool, Toolbox
from codeact_adapters.spellings import spelled, spelled_bytes

SHORTEST = 6
"""Shorter values are not hidden: what is as short as that stands in many a text by chance."""
_REFERENCE = re.compile(r"\$(\$)?\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Secrets:
    """Values of environment variables that were asked for by `${NAME}`; wherever they would be shown, the name is."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        # By what must not be shown, longest first, so that nothing is left of one that begins as another one does.
        self._names: dict[str, str] = {}

    def filled_in(self, text: str) -> str:
        """The text with the variable's value in place of each `${NAME}`; `$${NAME}` stands for `${NAME}` itself.

        Raises:
            ToolError: there is no such variable, or it is empty, or the name is none.
        """

        def value(found: re.Match[str]) -> str:
            escaped, name = found.groups()
            if escaped:
                return f"${{{name}}}"
            if not _NAME.fullmatch(name):
                raise ToolError(
                    f"${{{name}}} is no name of an environment variable; write $${{...}} for the text itself"
                )
            if not self._environment.get(name):
                state = "is empty" if name in self._environment else "is not set"
                raise ToolError(f"the environment variable {name} {state}")
            self.add(name, self._environment[name])
            return self._environment[name]

        return _REFERENCE.sub(value, text)

    def add(self, name: str, value: str) -> None:
        """Keep a value from being shown, and its forms in addresses and in JSON; in its place, `[NAME]` is."""
        if len(value) >= SHORTEST:
            names = {**self._names, value: f"[{name}]".replace("\\", "/")}  # no template of `re.sub`
            self._names = {each: names[each] for each in sorted(names, key=len, reverse=True)}

    def __bool__(self) -> bool:
        return bool(self._names)

    def __repr__(self) -> str:
        return f"<Secrets {', '.join(sorted(set(self._names.values())))}>"

    def hidden(self, value: Any) -> Any:
        """The same value without secrets: itself, if there are none in it.

        They are looked for in texts, and in those of collections and dataclasses; not in what other objects hold.
        """
        if type(value) is str:
            for secret, name in self._names.items():
                value = spelled(secret).sub(name, value)
            return value
        if type(value) is bytes:
            for secret, name in self._names.items():
                value = spelled_bytes(secret).sub(name.encode(), value)
            return value
        if type(value) in (list, tuple, set, frozenset):
            items = [self.hidden(item) for item in value]
            return value if all(map(_is, items, value)) else type(value)(items)
        if type(value) is dict:
            pairs = [(self.hidden(key), self.hidden(item)) for key, item in value.items()]
            same = all(_is(k, old) and _is(v, value[old]) for (k, v), old in zip(pairs, value, strict=True))
            return value if same else dict(pairs)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._hidden_in_fields(value)
        return value

    def _hidden_in_fields(self, value: Any) -> Any:
        changed = {}
        for field in dataclasses.fields(value):
            old = getattr(value, field.name, None)
            new = self.hidden(old)
            if not _is(new, old):
                changed[field.name] = new
        if not changed:
            return value
        clean = copy.copy(value)
        for name, new in changed.items():
            object.__setattr__(clean, name, new)
        return clean

    def clean(self, error: BaseException) -> BaseException:
        """The error without secrets, and those that led to it; one of another class, if its own keeps its text."""
        waiting: list[BaseException | None] = [error]
        met: list[BaseException] = []
        while waiting:
            each = waiting.pop()
            if each is None or each in met:
                continue
            met.append(each)
            waiting += [each.__cause__, each.__context__]
            each.args = self.hidden(each.args)
            for name, value in list(vars(each).items()):
                vars(each)[name] = self.hidden(value)
            if self.hidden(_text(each)) != _text(each):
                return ToolError(f"{type(error).__name__}: {self.hidden(_text(error))}")
        return error

    def guarded(self, box: Toolbox) -> Toolbox:
        """The toolbox with secrets kept out of what its tools return and raise.

        Raises:
            ToolError: what programs read of the tools has a secret in it already.
        """
        shown = "\n".join([box.stubs(whole=True), *(tool.help for tool in box)])
        for secret, name in self._names.items():
            if spelled(secret).search(shown):
                raise ToolError(f"the description of the tools has the value of {name[1:-1]} in it")
        return box.changed(self._guarded) if self else box

    def _guarded(self, tool: Tool) -> Tool:
        function = tool.function

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return self.hidden(function(*args, **kwargs))
            except Exception as error:
                self._raise(error)

        async def call_async(*args: Any, **kwargs: Any) -> Any:
            try:
                return self.hidden(await function(*args, **kwargs))
            except Exception as error:
                self._raise(error)

        return tool.with_function(call_async if tool.is_async else call)

    def _raise(self, error: Exception) -> None:
        clean = self.clean(error)
        if clean is error:
            raise error
        raise clean from None


def _is(new: object, old: object) -> bool:
    """Whether hiding left a value as it was: texts are made anew even if nothing was hidden."""
    return new is old or (type(new) in (str, bytes) and new == old)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""
