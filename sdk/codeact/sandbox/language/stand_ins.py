"""What stands for the host's tools in a program: they can be called and read, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ToolProxy:
    # A tool, as a program sees it. No docstring: each instance has its tool's, below its signature.
    __slots__ = ("__doc__", "__name__", "_call")
    __name__: str
    _call: Callable[[tuple[Any, ...], dict[str, Any]], Any]

    def __init__(self, name: str, doc: str, call: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> None:
        object.__setattr__(self, "__name__", name)
        object.__setattr__(self, "__doc__", doc)
        object.__setattr__(self, "_call", call)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(args, kwargs)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("tools are read-only here")

    def __repr__(self) -> str:
        return f"<tool {self.__name__}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("tools cannot be copied")


class Namespace:
    """A named group of tools."""

    __slots__ = ("_members", "_name")

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_members", {})

    def __getattr__(self, name: str) -> Any:
        try:
            return self._members[name]
        except KeyError:
            tools = ", ".join(sorted(self._members))
            message = f"'{self._name}' has no tool '{name}'; it has {tools}"
            raise AttributeError(message, name=name, obj=self) from None

    def __dir__(self) -> list[str]:
        return sorted(self._members)

    def __setattr__(self, name: str, value: object) -> None:
        raise TypeError("tools are read-only here")

    def __repr__(self) -> str:
        return f"<tools {self._name}: {', '.join(self._members)}>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("tools cannot be copied")
