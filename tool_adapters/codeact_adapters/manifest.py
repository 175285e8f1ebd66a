"""A YAML file that makes a toolbox of several adapters: `tools.yaml`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from codeact.errors import CodeActError, ToolError
from codeact.tools import Approve, Effect, PendingCall, Refusal, Toolbox, approve_all, ask_about_all
from codeact.tools.approval import EFFECTS
from codeact.tools.tool import check_name
from codeact.tools.wording import did_you_mean, listed
from codeact.yaml_files import YamlFile
from codeact_adapters.adapter import Source, find_adapter, make_toolbox
from codeact_adapters.options import OptionError, takes_numbers_alone, takes_option
from codeact_adapters.secrets import Secrets

_KEYS = ("tools", "effects", "approve")
_OWN = ("adapter", "name", "allow", "effects", "approve", "max_tokens")
_APPROVALS = ("always", "ask", "refuse")
_ENTRIES = "under it stand the adapters, such as `shop: {adapter: openapi, document: shop.json}`"
_V = TypeVar("_V")


class ToolsFileError(ToolError):
    """A file of tools is wrong. The message begins with file, line and column."""


def load_tools(
    file: str | os.PathLike[str],
    *,
    ask: Approve = ask_about_all,
    environment: Mapping[str, str] | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Toolbox:
    """Make the toolbox that a YAML file describes. `docs/tools-file.md` explains every key.

    Args:
        file: the file.
        ask: asks a person about a call of a tool whose approval is `ask`; by default, the one at the terminal.
        environment: where `${NAME}` comes from; the environment of this process, if None.
        folder: what relative paths in the file are taken from; the file's own folder, if None.

    Raises:
        ToolsFileError: names file, line, column and key, and says what would be right. What was opened is closed again.
            No value that came from the environment is in the message.
    """
    path = Path(file)
    within = path.resolve().parent if folder is None else Path(folder)
    return _Manifest(path, within, ask, os.environ if environment is None else environment).toolbox()


class _Manifest:
    def __init__(self, path: Path, folder: Path, ask: Approve, environment: Mapping[str, str]) -> None:
        self._file = YamlFile(path, ToolsFileError)
        self._folder = folder
        self._ask = ask
        self._secrets = Secrets(environment)

    def toolbox(self) -> Toolbox:
        if self._file.data is None:
            raise self._error((), f"the file is empty; it begins with the key `tools`, and {_ENTRIES}")
        data = self._mapping(self._file.data, (), "a file of tools", _KEYS)
        if not data.get("tools"):
            what = "is empty" if "tools" in data else "is missing"
            raise self._error(("tools",) if "tools" in data else (), f"the key `tools` {what}; {_ENTRIES}")
        boxes: list[Toolbox] = []
        with self._at(()), _closed_on_error(boxes):
            for keys, name, entry in self._entries(data["tools"]):
                boxes.append(self._box(keys, name, entry))
            with self._at(("tools",)):
                box = self._secrets.guarded(_joined(boxes))
            box = self._with_effects(box, "", ("effects",), data.get("effects", {}))
            return self._with_approvals(box, "", ("approve",), data.get("approve", {}))

    def _entries(self, tools: Any) -> Iterator[tuple[tuple[str | int, ...], str, dict[str, Any]]]:
        """Each entry with the keys that lead to it and the name of its group; empty for none."""
        where: tuple[str | int, ...] = ("tools",)
        if isinstance(tools, list):
            for number, entry in enumerate(tools):
                keys = (*where, number)
                found = self._mapping(entry, keys, "an entry", None, " such as {adapter: openapi}")
                yield keys, self._name(found.get("name", ""), (*keys, "name")), found
            return
        for name, entry in self._mapping(tools, where, "`tools`", None).items():
            keys = (*where, name)
            found = self._mapping(entry, keys, f"{name!r}", None, " such as {adapter: openapi}")
            if "name" in found:
                raise self._error((*keys, "name"), f"the name of these tools is {name!r} already; leave `name` out")
            yield keys, self._name(name, keys), found

    def _box(self, keys: tuple[str | int, ...], name: str, entry: dict[str, Any]) -> Toolbox:
        adapter = entry.get("adapter")
        if not isinstance(adapter, str):
            what = "is missing" if adapter is None else f"is of type {type(adapter).__name__}"
            raise self._error((*keys, "adapter"), f"`adapter` {what}; it names one, such as `openapi`")
        with self._at((*keys, "adapter")):
            source = find_adapter(adapter, self._folder)
            allow_is_option = takes_option(source, "allow")
        options = {key: self._option(source, value, (*keys, key)) for key, value in entry.items() if key not in _OWN}
        allow = self._patterns(entry["allow"], (*keys, "allow")) if entry.get("allow") is not None else None
        if allow is not None and allow_is_option:
            options["allow"] = allow
        with self._at(keys):
            try:
                box = make_toolbox(source, options, name=name, folder=self._folder)
            except OptionError as error:
                said = takes_option(source, error.option) or "did you mean" in str(error)
                meant = "" if said else did_you_mean(error.option, _OWN)
                raise self._error((*keys, error.option), f"{error}{meant}") from None
        tokens = entry.get("max_tokens")
        if tokens is not None and (type(tokens) is not int or tokens <= 0):
            box.close()
            raise self._error((*keys, "max_tokens"), "`max_tokens` takes a whole number above 0, such as 4000")
        prefix = f"{name}." if name else ""
        with _closed_on_error([box]):
            if allow is not None and not allow_is_option:
                with self._at((*keys, "allow")):
                    box = box.only(*(prefix + pattern for pattern in allow))
            box = self._with_effects(box, prefix, (*keys, "effects"), entry.get("effects", {}))
            box = self._with_approvals(box, prefix, (*keys, "approve"), entry.get("approve", {}))
            return box if tokens is None else box.within_tokens(tokens)

    # ---- effects and approvals --------------------------------------------------------------------------------------

    def _with_effects(self, box: Toolbox, prefix: str, keys: tuple[str | int, ...], given: Any) -> Toolbox:
        def read(value: Any, where: tuple[str | int, ...]) -> Effect:
            if value not in EFFECTS:
                raise self._error(where, f"{value!r} is no effect; an effect is one of {listed(EFFECTS)}")
            effect: Effect = value
            return effect

        return self._by_pattern(given, prefix, keys, read, box, box.with_effects)

    def _with_approvals(self, box: Toolbox, prefix: str, keys: tuple[str | int, ...], given: Any) -> Toolbox:
        if not isinstance(given, dict):
            return self._by_pattern(given, prefix, keys, self._approval, box, box.with_approvals)
        # A key that is an effect and no tool's name stands for all tools that have it; names decide before effects.
        effects = {key for key in given if key in EFFECTS and f"{prefix}{key}" not in box}
        if effects and "*" in given:
            raise self._error((*keys, "*"), f"'*' decides before {listed(sorted(effects))}; name all effects instead")
        approvals = {key: self._approval(given[key], (*keys, key)) for key in effects}
        by_effect = {
            name: approvals[tool.effect]
            for name, tool in box.tools.items()
            if tool.effect in approvals and name.startswith(prefix)
        }
        by_name = {key: value for key, value in given.items() if key not in effects}

        def change(chosen: Mapping[str, Approve]) -> Toolbox:
            before = {name: approve for name, approve in by_effect.items() if name not in chosen}
            return box.with_approvals({**before, **chosen})

        return self._by_pattern(by_name, prefix, keys, self._approval, box, change)

    def _by_pattern(
        self,
        given: Any,
        prefix: str,
        keys: tuple[str | int, ...],
        read: Callable[[Any, tuple[str | int, ...]], _V],
        box: Toolbox,
        change: Callable[[Mapping[str, _V]], Toolbox],
    ) -> Toolbox:
        if isinstance(given, str):
            with self._at(keys):
                return change({f"{prefix}*": read(given, keys)})
        chosen = self._mapping(given, keys, f"`{keys[-1]}`", None)
        values = {prefix + pattern: read(value, (*keys, pattern)) for pattern, value in chosen.items()}
        for pattern in chosen:
            with self._at((*keys, pattern)):
                box.only(prefix + pattern)
        return change(values)

    def _approval(self, value: Any, where: tuple[str | int, ...]) -> Approve:
        match value:
            case "always":
                return approve_all
            case "ask":
                return self._ask
            case "refuse":
                return _refuses("")
            case {"refuse": str(reason)} if len(value) == 1 and reason.strip():
                return _refuses(reason.strip())
        hint = did_you_mean(value, _APPROVALS) if isinstance(value, str) else ""
        raise self._error(where, f"{value!r} is no approval{hint}; write always, ask, refuse or {{refuse: the reason}}")

    # ---- values -----------------------------------------------------------------------------------------------------

    def _option(self, source: Source, value: Any, keys: tuple[str | int, ...]) -> Any:
        filled = self._filled_in(value, keys)
        if not isinstance(value, str) or filled == value or not takes_numbers_alone(source, str(keys[-1])):
            return filled
        # The environment holds texts alone: `port: ${PORT}` means what `port: 502` does.
        with contextlib.suppress(yaml.YAMLError):
            read = yaml.safe_load(filled)
            return read if isinstance(read, (bool, int, float)) else filled
        return filled

    def _filled_in(self, value: Any, keys: tuple[str | int, ...]) -> Any:
        if isinstance(value, str):
            with self._at(keys):
                return self._secrets.filled_in(value)
        if isinstance(value, list):
            return [self._filled_in(item, (*keys, number)) for number, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self._filled_in(item, (*keys, key)) for key, item in value.items()}
        return value

    def _patterns(self, value: Any, keys: tuple[str | int, ...]) -> list[str]:
        patterns = [value] if isinstance(value, str) else value
        if not isinstance(patterns, list) or not patterns or not all(isinstance(each, str) for each in patterns):
            raise self._error(keys, "`allow` takes a list of names or patterns, such as [get_*, set_price]")
        return patterns

    def _name(self, value: Any, keys: tuple[str | int, ...]) -> str:
        if value == "":
            return ""
        try:
            return check_name(value if isinstance(value, str) else str(value), "group of tools")
        except ToolError as error:
            raise self._error(keys, str(error).removesuffix("; pass name=...")) from None

    def _mapping(
        self, value: Any, keys: tuple[str | int, ...], what: str, known: Iterable[str] | None, example: str = ""
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._error(keys, f"{what} must be a mapping{example}, not {type(value).__name__}")
        for key in value:
            if not isinstance(key, str):
                raise self._error((*keys, key), f"the key {key!r} is of type {type(key).__name__}; put it in quotes")
            if known is not None and key not in known:
                hint = did_you_mean(key, known) or f"; it takes {listed(known)}"
                raise self._error((*keys, key), f"there is no key {key!r}{hint}")
        return value

    def _error(self, keys: tuple[str | int, ...], message: str) -> ToolsFileError:
        named = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
        return ToolsFileError(
            self._secrets.hidden(f"{self._file.place(*keys)}: {f'{named}: ' if named else ''}{message}")
        )

    @contextlib.contextmanager
    def _at(self, keys: tuple[str | int, ...]) -> Iterator[None]:
        """Errors say where in the file they come from, and hold no secret."""
        try:
            yield
        except ToolsFileError:
            raise
        except CodeActError as error:
            raise self._error(keys, str(self._secrets.clean(error))) from None
        except Exception as error:  # whatever another's adapter does
            raise self._error(keys, f"{type(error).__name__}: {error}") from self._secrets.clean(error)


def _joined(boxes: list[Toolbox]) -> Toolbox:
    try:
        return Toolbox(boxes)
    except ToolError as error:
        raise ToolError(
            str(error).replace("pass name=... for one of them", "give one of the entries a `name`")
        ) from None


def _refuses(reason: str) -> Approve:
    def refuse(call: PendingCall) -> Refusal:
        return Refusal(reason or f"{call.tool}() is not allowed here")

    return refuse


@contextlib.contextmanager
def _closed_on_error(boxes: list[Toolbox]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for box in reversed(boxes):
            with contextlib.suppress(Exception):  # the first error is the one to tell of
                box.close()
        raise
