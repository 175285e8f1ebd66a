"""`codeact sandbox` at a terminal: block after block in one session, and commands that begin with `%`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from codeact.cli.blocks import as_code
from codeact.cli.failures import UsageError, say_error
from codeact.cli.interrupting import interrupts
from codeact.cli.line_editor import LineEditor
from codeact.cli.looking import completions, variables
from codeact.cli.sandbox_options import SandboxOptions, changed_limits
from codeact.cli.wall_words import level_in_words
from codeact.episode.plain import duration, printable
from codeact.errors import CodeActError, SandboxError
from codeact.events import Event, Printed
from codeact.sandbox import Execution
from codeact.tools.wording import did_you_mean, short_repr

LEAVING = ("exit", "quit", "exit()", "quit()")
WORKSPACE_LIMITS = ("file_mb", "workspace_mb")


def open_shell(options: SandboxOptions) -> None:
    """Read, run and show until Ctrl-D.

    Raises:
        CodeActError: an option is wrong, or the sandbox cannot be opened.
    """
    with SandboxShell(options) as shell:
        shell.serve()


class SandboxShell:
    """One session, its prompt and its commands."""

    def __init__(self, options: SandboxOptions) -> None:
        self._options = options
        self._console = Console(highlight=False, soft_wrap=True)
        self._sandbox = options.open()
        self._editor = LineEditor(self._complete, colours=self._console.color_system is not None)
        self._in_line = False
        self._commands: dict[str, tuple[Callable[[str], None], str]] = {
            "tools": (self._tools, "what programs may call, as they see it"),
            "vars": (self._vars, "the session's variables: names, types, short reprs"),
            "limits": (self._limits, "the limits of each run; `%limits wall_s=5 calls=10` changes them"),
            "time": (self._time, "`%time CODE` runs code and says how long it took"),
            "reset": (self._reset, "forget all variables"),
            "help": (self._help, "this"),
        }

    def __enter__(self) -> SandboxShell:
        return self

    def __exit__(self, *_: object) -> None:
        self._sandbox.close()
        self._options.close()

    def serve(self) -> None:
        """Read, run and show until Ctrl-D."""
        tools = len(self._sandbox.toolbox.tools)
        parts = [level_in_words(self._options.without), f"{tools} tool{'s' * (tools != 1)}"]
        if self._options.workspace is not None:
            parts.append(f"workspace {self._options.workspace}, and no filter there")
        self._say(f"Python in the sandbox: {', '.join(parts)}. %help says more; Ctrl-D leaves.")
        while True:
            try:
                block = self._editor.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            if block.strip() in LEAVING:
                return
            try:
                self._take(block)
            except KeyboardInterrupt as interrupt:
                say_error(f"{interrupt or 'interrupted'}. %vars shows what is left of the session")
            except CodeActError as problem:
                say_error(str(problem))

    def _take(self, block: str) -> None:
        if block.lstrip().startswith("%"):
            name, _, rest = block.lstrip()[1:].partition(" ")
            name = name.strip()
            if name not in self._commands:
                near = did_you_mean(f"%{name}", [f"%{known}" for known in self._commands]) or "; %help lists them"
                raise UsageError(f"there is no command %{name}{near}")
            self._commands[name][0](rest.strip())
        elif block.strip():
            self._run(as_code(block))

    # ---- programs ---------------------------------------------------------------------------------------------------

    def _run(self, code: str) -> Execution:
        self._in_line = False
        with interrupts(self._sandbox.interrupt, self._options.asking):
            execution = self._sandbox.run(code, on_event=self._hear)
        if self._in_line:
            sys.stdout.write("\n")
        sys.stdout.flush()
        if execution.truncated_output:
            self._say("[output was cut here]")
        if execution.error is not None:
            say_error(execution.error.text, heading="")
        elif execution.ended:
            self._say(f"ended by a tool, with the answer {short_repr(execution.answer)}")
        elif execution.shown:
            self._console.print(Text(printable(execution.shown), style="cyan"))
        if execution.artifacts or execution.removed or execution.left_out:
            from codeact.sandbox.workspaces.artifacts import describe

            self._say(describe(execution.artifacts, execution.removed, execution.left_out))
        return execution

    def _hear(self, event: Event) -> None:
        if isinstance(event, Printed):
            sys.stdout.write(event.text)
            sys.stdout.flush()
            self._in_line = not event.text.endswith("\n")

    def _complete(self, line: str) -> tuple[str, list[str]]:
        if line.startswith("%") and " " not in line:
            return line, [f"%{name}" for name in self._commands if name.startswith(line[1:])]
        return completions(self._sandbox, line, branches=self._options.branches)

    # ---- commands ---------------------------------------------------------------------------------------------------

    def _tools(self, rest: str) -> None:
        stubs = self._sandbox.toolbox.stubs()
        if not stubs.strip():
            self._say("there are none; start with --tools MODULE:NAME, --tools FILE.py:NAME or --tools tools.yaml")
            return
        text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(printable(stubs))
        text.rstrip()
        self._console.print(text)

    def _vars(self, rest: str) -> None:
        rows = variables(self._sandbox, branches=self._options.branches)
        if not rows:
            self._say("there are none")
            return
        grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for style in ("bold", "dim", "cyan"):
            grid.add_column(style=style, no_wrap=True)
        for row in rows:
            grid.add_row(*map(Text, row))
        self._console.print(grid)

    def _limits(self, rest: str) -> None:
        if rest:
            limits = changed_limits(self._sandbox.limits, rest.split())
            try:
                self._sandbox.limits = limits
            except SandboxError as problem:
                new = self._options.open(limits)
                self._sandbox.close()
                self._sandbox = new
                self._say(f"a new session, and its variables are gone: {problem}")
        limits = self._sandbox.limits
        grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for field in fields(limits):
            if field.name in WORKSPACE_LIMITS and self._options.workspace is None:
                continue
            value = getattr(limits, field.name)
            grid.add_row(Text(field.name, style="bold"), Text(f"{value:,}" if isinstance(value, int) else f"{value:g}"))
        self._console.print(grid)

    def _time(self, code: str) -> None:
        if not code:
            raise UsageError("%time takes code, such as %time sum(range(10**6))")
        execution = self._run(code)
        parts = f"{duration(execution.code_seconds)} in code, {duration(execution.tool_seconds)} in tools"
        self._say(f"{duration(execution.seconds)}: {parts}, {len(execution.calls)} calls")

    def _reset(self, rest: str) -> None:
        self._sandbox.reset()
        self._say("a new session: the variables are gone")

    def _help(self, rest: str) -> None:
        grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for name, (_, purpose) in self._commands.items():
            grid.add_row(Text(f"%{name}", style="bold"), Text(purpose))
        for key, purpose in (
            ("Enter", "runs what is complete; an empty line ends a block"),
            ("Esc Enter", "runs what is there"),
            ("Tab", "completes a name"),
            ("Up, Ctrl-R", "what was typed before; Ctrl-R searches it"),
            ("Ctrl-C", "at the prompt gives up what was typed; else ends the program, and the variables stay"),
            ("Ctrl-D", "leaves"),
        ):
            grid.add_row(Text(key, style="bold"), Text(purpose))
        self._console.print(grid)

    def _say(self, text: str) -> None:
        self._console.print(Text(printable(text), style="dim"))
