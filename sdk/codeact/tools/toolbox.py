"""A toolbox: an ordered set of tools and of named groups of tools."""

from __future__ import annotations

import builtins
import copy
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from codeact.errors import ArgumentError, Refused, ToolError
from codeact.tools.approval import Approve, Effect
from codeact.tools.closing import Close, Closing, close_all
from codeact.tools.methods import first_paragraph, methods_of
from codeact.tools.names import check_names, matching
from codeact.tools.renaming import Renaming
from codeact.tools.short_stubs import short_stubs
from codeact.tools.some_stubs import Budget, CountTokens, Stubs
from codeact.tools.stopping import stop_all
from codeact.tools.stubs import type_stub
from codeact.tools.tool import Stop, Tool, check_name
from codeact.tools.wording import did_you_mean, listed

_ALWAYS = (ToolError, ArgumentError, Refused)

_FEW = 200
"""Of more tools, most are never called: what checks their arguments is built at the first call, in milliseconds."""


class Toolbox:
    """What a program may call. It can be used in a `with` statement, which closes it at the end.

    Attributes:
        name: if not empty, programs reach the tools under it: `camera.snapshot()`.
        doc: what a program's author should know about the group.
    """

    def __init__(
        self,
        tools: Iterable[Tool | Toolbox | Callable[..., Any]] = (),
        *,
        name: str = "",
        doc: str = "",
        errors: Iterable[type[Exception]] = (),
        stop: Stop | None = None,
        lingers: bool = False,
        closing: Close | None = None,
    ) -> None:
        """Put tools together.

        Args:
            tools: tools, other toolboxes (a named one becomes a group, an unnamed one is merged in), and plain
                functions, which become tools with the effect `write`.
            name: see the class.
            doc: see the class.
            errors: exception classes that the tools raise and that programs may name in `except`.
            stop: the stop path of those tools that have none of their own.
            lingers: whether what a tool set in motion goes on when its call has returned, as a belt does. Then `stop`
                is also called when a program ends by an error, is interrupted, or is lost.
            closing: gives back what the tools use: a connection, a process. `close` calls it once.

        Raises:
            ToolError: two tools, types or errors share a name, or a name is no Python name or hides one of Python's.
        """
        self.name = check_name(name, "toolbox") if name else ""
        self.doc = doc.strip()
        self._stop = stop
        self._tools: dict[str, Tool] = {}
        self._types: dict[str, type] = {}
        self._errors: dict[str, type[Exception]] = {error.__name__: error for error in _ALWAYS}
        self._docs: dict[str, str] = {self.name: self.doc} if self.name else {}
        self._stops: list[Stop] = [stop] if stop else []
        self._lingering: list[Stop] = [stop] if stop and lingers else []
        self._closing = Closing(closing) if closing else None
        self._closings: list[Closing] = []
        self._budgets: list[Budget] = []
        self._unshown: frozenset[str] = frozenset()
        self._renaming = Renaming({})
        if callable(tools):  # one tool or function; a toolbox cannot be called
            raise ToolError(f"a toolbox takes a list of tools, such as Toolbox([{getattr(tools, '__name__', 'tool')}])")
        for member in tools:
            if isinstance(member, Toolbox):
                self._add_box(member)
            else:
                self._add_tool(member if isinstance(member, Tool) else Tool(member))
        if self._closing:
            self._closings.append(self._closing)
        for error in errors:
            self._add_error(error)
        check_names(self._tools, self._types, self._errors)

    @classmethod
    def of(
        cls,
        obj: object,
        *,
        allow: Iterable[str],
        name: str | None = None,
        effects: Mapping[str, Effect] | None = None,
        errors: Iterable[type[Exception]] = (),
        stop: Stop | None = None,
        lingers: bool = False,
        closing: Close | None = None,
    ) -> Toolbox:
        """Make a toolbox of an object's methods: those that `allow` names, and no others.

        Args:
            obj: any object.
            allow: names of methods.
            name: the name of the group; empty or None for none.
            effects: effects by method name. Else a method has the effect of its `@tool`, or `write`.
            errors: see `Toolbox`.
            stop: see `Toolbox`.
            lingers: see `Toolbox`.
            closing: see `Toolbox`.

        Raises:
            ToolError: a name is unknown, private, or not that of a method.
        """
        tools = methods_of(obj, [allow] if isinstance(allow, str) else list(allow), effects or {})
        doc = first_paragraph(obj) if name else ""
        return cls(tools, name=name or "", doc=doc, errors=errors, stop=stop, lingers=lingers, closing=closing)

    @property
    def tools(self) -> Mapping[str, Tool]:
        """Dotted full name to tool, in order."""
        return MappingProxyType(self._tools)

    @property
    def types(self) -> Mapping[str, type]:
        """The dataclasses and enums that the tools' annotations reach, by bare name, parts first."""
        return MappingProxyType(self._types)

    @functools.cached_property
    def type_stubs(self) -> Mapping[str, str]:
        """Each of `types` as the stubs show it, by bare name."""
        return {name: type_stub(declared, self._renaming.text) for name, declared in self._types.items()}

    @property
    def errors(self) -> Mapping[str, type[Exception]]:
        """Exception classes that programs may name in `except`; always ToolError, ArgumentError and Refused."""
        return MappingProxyType(self._errors)

    @property
    def docs(self) -> Mapping[str, str]:
        """Dotted name of each group to its description."""
        return MappingProxyType(self._docs)

    def stubs(
        self,
        max_characters: int | None = None,
        *,
        max_tokens: int | None = None,
        count_tokens: CountTokens | None = None,
        whole: bool = False,
    ) -> str:
        """The tools as Python source for a reader: types first, then functions, then groups as classes.

        Where they do not fit, docstrings are cut to their first lines; where that does not do, some tools of each group
        are shown, and a comment says how many are not, and that `help("words")` finds them from inside a program.

        Args:
            max_characters: the most that it may be; None for no limit.
            max_tokens: the most tokens; None for no limit.
            count_tokens: counts the tokens of a text; None for an estimate that is high: three UTF-8 bytes a token.
            whole: all of it, whatever `within_tokens` and `showing` say.

        Raises:
            ToolError: `max_characters` or `max_tokens` is not above 0.
        """
        stubs = Stubs(self._tools, self._types, self._errors, self._docs, self._unshown, self._renaming.text)
        if whole:
            return stubs.whole()
        limits: list[Callable[[str], bool]] = []
        if max_characters is not None:
            if max_characters <= 0:
                raise ToolError(f"max_characters is {max_characters}, and must be above 0")
            limits.append(lambda text: len(text) <= max_characters)
        if max_tokens is not None:
            limits.append(Budget(frozenset(), max_tokens, count_tokens).fits)
        return stubs.within(self._budgets, *limits)

    def short_stubs(self) -> str:
        """The tools in one line each, for small models: signature and first sentence of the docstring.

        As in `stubs`, what `within_tokens` and `showing` leave out is only named.
        """
        return short_stubs(self._tools, self._unshown, self._budgets)

    def within_tokens(self, max_tokens: int, count_tokens: CountTokens | None = None) -> Toolbox:
        """This toolbox with stubs of at most so many tokens, also as a part of others. All of it can still be called.

        Raises:
            ToolError: `max_tokens` is not above 0.
        """
        box = self._with(self._tools.values())
        box._budgets = [*self._budgets, Budget(frozenset(self._tools), max_tokens, count_tokens)]
        return box

    def showing(self, *patterns: str) -> Toolbox:
        """This toolbox with stubs of those tools alone whose full names match a pattern, also as a part of others.

        The others are named in a comment, and can be called and asked about with `help` as before.

        Raises:
            ToolError: a pattern matches no tool.
        """
        box = self._with(self._tools.values())
        box._unshown = frozenset(self._tools) - frozenset(matching(patterns, self._tools))
        return box

    def stop(self) -> Callable[[], str]:
        """Call every stop path once, in order, even if one of them fails.

        Returns:
            A function that says what state they left, as far as they do; see `Tool`.

        Raises:
            ToolError: stop paths failed; it names the errors.
        """
        return stop_all(self._stops)

    @property
    def lingers(self) -> bool:
        """Whether something that the tools set in motion goes on when their calls have returned."""
        return bool(self._lingering)

    def stop_lingering(self) -> Callable[[], str]:
        """Call the stop path of everything that may go on when no call does. Returns and raises as `stop` does."""
        return stop_all(self._lingering)

    @property
    def closed(self) -> bool:
        """Whether all that it had to close is closed; False if there never was anything."""
        return bool(self._closings) and all(closing.closed for closing in self._closings)

    def close(self) -> None:
        """Give back what the tools use, in this toolbox and in those that it is made of; a second time does nothing.

        Calls of tools whose toolbox is closed raise ToolError from then on. Tools that use nothing stay as they are.

        Raises:
            ToolError: giving back failed; it names the errors. The toolbox is closed all the same.
        """
        close_all(self._closings)

    def __enter__(self) -> Toolbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def with_tools(
        self, *tools: Tool | Toolbox | Callable[..., Any], errors: Iterable[type[Exception]] = ()
    ) -> Toolbox:
        """A new toolbox with these tools as well, next to this one (not inside its group, if it has a name)."""
        return Toolbox([self, *tools], errors=errors)

    def only(self, *patterns: str) -> Toolbox:
        """This toolbox with those tools alone whose full names match one of the patterns, such as `shop.get_*`.

        Raises:
            ToolError: a pattern matches no tool.
        """
        chosen = matching(patterns, self._tools)
        return self._with(tool for name, tool in self._tools.items() if name in chosen)

    def with_effects(self, effects: Mapping[str, Effect]) -> Toolbox:
        """This toolbox with other effects, by patterns of full names; the last pattern that matches a tool decides.

        Raises:
            ToolError: a pattern matches no tool, or there is no such effect.
        """
        chosen = matching(effects, self._tools)
        return self._with(
            tool.with_effect(effects[chosen[name]]) if name in chosen else tool for name, tool in self._tools.items()
        )

    def with_approvals(self, approvals: Mapping[str, Approve]) -> Toolbox:
        """This toolbox with policies for some tools, by patterns; the last pattern that matches a tool decides.

        They are asked after the policy of the sandbox, and both must let a call go on.

        Raises:
            ToolError: a pattern matches no tool.
        """
        chosen = matching(approvals, self._tools)
        return self._with(
            tool.with_approval(approvals[chosen[name]]) if name in chosen else tool
            for name, tool in self._tools.items()
        )

    def renamed(self, names: Mapping[str, str]) -> Toolbox:
        """This toolbox with other names for some tools: by full name, the new name within its group.

        Stubs, docstrings, `help` and errors give the new names, also where those of one tool speak of another. See
        `renaming` for programs that are written with the old names.

        Raises:
            ToolError: there is no such tool, the new name is no Python name, or something else has it already.
        """
        full = {}
        for old, new in names.items():
            group = self[old].full_name.rpartition(".")[0]
            full[old] = f"{group}.{check_name(new, 'tool')}" if group else check_name(new, "tool")
        renaming = Renaming(full)
        after = [full.get(name, name) for name in self._tools]
        for name in after:
            if after.count(name) > 1:
                old = next(old for old, new in full.items() if new == name)
                raise ToolError(f"{old!r} cannot be renamed to {name!r}: another tool has that name then")
        box = self._with(tool.renamed(renaming) for tool in self._tools.values())
        box._renaming = self._renaming.then(renaming)
        box._unshown = frozenset(full.get(name, name) for name in self._unshown)
        box._budgets = [budget.renamed(full) for budget in self._budgets]
        box._docs = {name: renaming.text(doc) for name, doc in self._docs.items()}
        check_names(box._tools, box._types, box._errors)
        return box

    @property
    def renaming(self) -> Renaming:
        """What `renamed` has renamed; it puts the new names into texts and programs with the old ones."""
        return self._renaming

    def changed(self, change: Callable[[Tool], Tool]) -> Toolbox:
        """This toolbox with each tool as `change` makes it anew, under the same name and with the same types."""
        return self._with(map(change, self._tools.values()))

    def _with(self, tools: Iterable[Tool]) -> Toolbox:
        box = copy.copy(self)
        vars(box).pop("type_stubs", None)
        box._tools = {tool.full_name: tool for tool in tools}
        box._types = {}
        for tool in box._tools.values():
            box._types.update(tool.types)
        return box

    def __add__(self, other: object) -> Toolbox:
        return Toolbox([self, other]) if isinstance(other, Toolbox) else NotImplemented

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __getitem__(self, name: str) -> Tool:
        try:
            return self._tools[name]
        except KeyError:
            raise ToolError(f"there is no tool {name!r}{did_you_mean(name, self._tools)}") from None

    def __deepcopy__(self, memo: object) -> Toolbox:
        """Itself: it does not change, and what its tools reach (a robot, a service) cannot be copied."""
        return self

    def __repr__(self) -> str:
        return f"<Toolbox {self.name + ' ' if self.name else ''}of {listed(self._tools)}>"

    def _add_box(self, box: Toolbox) -> None:
        for member in box._tools.values():
            self._add_tool(member)
        prefix = f"{self.name}." if self.name else ""
        self._docs.update({prefix + name: doc for name, doc in box._docs.items()})
        for error in box._errors.values():
            self._add_error(error)
        for stop in box._stops:
            self._add_stop(stop)
        self._lingering += [stop for stop in box._lingering if stop not in self._lingering]
        self._budgets += [budget.within(self.name) if self.name else budget for budget in box._budgets]
        self._renaming = self._renaming.beside(box._renaming.within(self.name) if self.name else box._renaming)
        self._unshown |= {prefix + name for name in box._unshown}
        self._closings += [closing for closing in box._closings if closing not in self._closings]

    def _add_tool(self, member: Tool) -> None:
        made = member.within(self.name, self._stop, self._closing)
        if made.full_name in self._tools:
            raise ToolError(f"there are two tools named {made.full_name!r}; pass name=... for one of them")
        self._tools[made.full_name] = made
        for name, declared in made.types.items():
            if self._types.setdefault(name, declared) is not declared:
                raise ToolError(
                    f"tool {made.full_name!r}: there are two different types named {name}; rename one of them"
                )
        if len(self._tools) <= _FEW:
            made.declaration.arguments  # noqa: B018  (built now, so that no call pays for it)
        if made.stop is not None:
            self._add_stop(made.stop)

    def _add_stop(self, stop: Stop) -> None:
        if stop not in self._stops:
            self._stops.append(stop)

    def _add_error(self, error: type[Exception]) -> None:
        if not isinstance(error, type) or not issubclass(error, Exception):
            raise ToolError(f"errors takes exception classes, not {error!r}")
        name = error.__name__
        if getattr(builtins, name, None) is error:
            return  # Python's own are known to every program
        if self._errors.setdefault(name, error) is not error:
            raise ToolError(f"there are two different errors named {name}; rename one of them")
