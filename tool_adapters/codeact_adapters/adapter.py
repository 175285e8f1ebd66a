"""An adapter of one's own: a class with one method, or a function that returns a toolbox; and what is installed."""

from __future__ import annotations

import contextlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from codeact.errors import CodeActError, ToolError
from codeact.tools import Tool, Toolbox
from codeact.tools.wording import did_you_mean, listed
from codeact.user_modules import load_module
from codeact_adapters.options import checked_options, takes_option

GROUP = "codeact.adapters"


class Adapter(ABC):
    """Makes a toolbox of something outside.

    The arguments of the constructor are the adapter's options. Their annotations say what they take, also where they
    come from a YAML file; an option that is annotated `pathlib.Path` is a file or folder there.
    """

    @abstractmethod
    def tools(self) -> Toolbox | Iterable[Tool | Toolbox | Callable[..., Any]]:
        """What programs may call: a toolbox, or what one is made of. It is asked once."""

    def close(self) -> None:  # noqa: B027
        """Give back what the adapter opened. By default, it opened nothing. Called once."""

    def toolbox(self, name: str = "") -> Toolbox:
        """The adapter's toolbox, which closes the adapter when it is closed.

        Args:
            name: the name of the group: `name="shop"` gives `shop.next_order()`. Empty for no group.

        Raises:
            ToolError: the tools cannot be a toolbox; what the adapter had opened is given back.
        """
        closes = type(self).close is not Adapter.close
        doc = inspect.cleandoc(type(self).__doc__ or "").split("\n\n")[0] if name else ""
        try:
            made = self.tools()
            members = [made] if isinstance(made, Toolbox) else made
            return Toolbox(members, name=name, doc=doc, closing=self.close if closes else None)
        except BaseException:
            with contextlib.suppress(Exception):  # the first error is the one to tell of
                self.close()
            raise


Source = type[Adapter] | Callable[..., Toolbox]


def make_toolbox(source: Source, options: Mapping[str, Any], *, name: str = "", folder: Path | None = None) -> Toolbox:
    """The toolbox of an adapter with these options, which are held against its signature first.

    Args:
        source: a class that derives from `Adapter`, or a function that returns a toolbox.
        options: keyword arguments by name.
        name: the name of the group; empty for none.
        folder: what relative paths among the options are relative to; None for the working folder.

    Raises:
        OptionError: an option is unknown, missing, or of the wrong type.
        CodeActError: the adapter says why it cannot work.
    """
    given = checked_options(source, options, folder)
    if isinstance(source, type) and issubclass(source, Adapter):
        return source(**given).toolbox(name)
    named = takes_option(source, "name")
    if name and named:
        given.setdefault("name", name)
    box: object = source(**given)
    if not isinstance(box, Toolbox):
        raise ToolError(f"the adapter {_named(source)} returned {type(box).__name__}; it must return a Toolbox")
    return Toolbox([box], name=name) if name and not named else box


@dataclass(frozen=True)
class Installed:
    """An adapter that an installed distribution offers under the entry-point group `codeact.adapters`.

    Attributes:
        name: what a YAML file calls it.
        target: `module:name`.
        distribution: name and version of what offers it.
    """

    name: str
    target: str
    distribution: str

    def load(self) -> Source:
        """Import it.

        Raises:
            ToolError: that fails, or what is there is no adapter.
        """
        return load_source(self.target, f"the adapter {self.name!r} of {self.distribution}")


def installed_adapters() -> list[Installed]:
    """All adapters of all installed distributions, by name. None of them is imported."""
    found = {
        (point.name, point.value): Installed(
            point.name, point.value, f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        )
        for point in entry_points(group=GROUP)
    }
    return [found[key] for key in sorted(found)]


def find_adapter(name: str, folder: Path | None = None) -> Source:
    """The adapter of that name: of an installed distribution, or `module:name`, or `file.py:name`.

    Args:
        name: see above.
        folder: where such a file or module is; None for the working folder.

    Raises:
        ToolError: there is none, there are two, or importing it failed.
    """
    if ":" in name:
        return load_source(name, f"the adapter {name!r}", folder)
    offered = installed_adapters()
    named = [adapter for adapter in offered if adapter.name == name]
    if len(named) > 1:
        places = listed(f"{adapter.target} of {adapter.distribution}" for adapter in named)
        raise ToolError(f"there are several adapters {name!r}: {places}; write one of them as module:name")
    if not named:
        names = [adapter.name for adapter in offered]
        if name.endswith(".py"):
            raise ToolError(f"{name!r} names a file and no adapter in it; write {name}:NAME, of a class or function")
        near = did_you_mean(name, names)
        raise ToolError(
            f"there is no adapter {name!r}{near}{' Installed' if near else '; installed'} are {listed(names)}; "
            "any other is named as module:name or file.py:name"
        )
    return named[0].load()


def load_source(target: str, what: str, folder: Path | None = None) -> Source:
    """The adapter at `module:name`, or at `file.py:name` in the folder.

    Raises:
        ToolError: the module cannot be imported, or holds no such adapter; `what` is the beginning of the message.
    """
    found = load_object(target, what, folder)
    if inspect.isclass(found):
        if not issubclass(found, Adapter):
            raise ToolError(f"{what} is the class {target}, which does not derive from codeact_adapters.Adapter")
        missing = sorted(getattr(found, "__abstractmethods__", ()))
        if missing:
            raise ToolError(f"{what} is the class {target}, which lacks the method {listed(missing)}")
    elif not callable(found):
        raise ToolError(f"{what} is {target}, of type {type(found).__name__}: neither an Adapter nor a function")
    source: Source = found
    return source


def load_object(target: str, what: str, folder: Path | None = None) -> Any:
    """What stands at `module:name`, or at `file.py:name` in the folder.

    Raises:
        ToolError: there is nothing, or importing it failed; `what` is the beginning of the message.
    """
    module, _, attribute = target.rpartition(":")
    try:
        found: Any = load_module(module, folder or Path.cwd())
        for part in attribute.split("."):
            if not hasattr(found, part):
                held = [name for name in dir(found) if not name.startswith("_")]
                raise AttributeError(f"{module} holds no {attribute!r}{did_you_mean(part, held)}")
            found = getattr(found, part)
        return found
    except (CodeActError, AttributeError) as error:
        raise ToolError(f"{what} cannot be loaded from {target}: {error}") from error


def _named(source: Callable[..., Any]) -> str:
    return str(getattr(source, "__name__", type(source).__name__))
