"""`codeact chat`: messages and commands, at a terminal or from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from codeact.agent.places import EnvironmentPlace
from codeact.cli.asking import Asking
from codeact.cli.chat_options import ChatOptions, OpenChat
from codeact.cli.chat_printer import ChatPrinter
from codeact.cli.failures import BROKE, UsageError, say_error
from codeact.cli.interrupting import interrupts
from codeact.cli.looking import completions, variables
from codeact.cli.pictures import PictureFiles
from codeact.cli.transcript import Transcript
from codeact.cli.wall_words import level_in_words
from codeact.episode.plain import printable
from codeact.errors import CodeActError, ModelError
from codeact.tools.wording import did_you_mean

if TYPE_CHECKING:
    from codeact.events import Event
    from codeact.sandbox import Execution

LEAVING = ("/exit", "/quit", "exit", "quit")
PROMPT = "you> "
_NOBODY = "nobody is at the terminal to approve the call: standard input is a pipe"


def open_chat(options: ChatOptions) -> None:
    """Talk until Ctrl-D, or to the end of standard input.

    Raises:
        CodeActError: an option is wrong, or something cannot be loaded, reached or opened.
        typer.Exit: with 1, when messages came from a pipe and one was not answered.
    """
    shell = ChatShell(options)
    try:
        if not shell.serve():
            raise typer.Exit(BROKE)
    finally:
        shell.close()


def goes_on(text: str) -> bool:
    """Whether more lines belong to a message: after a backslash, and in a fence that is not closed."""
    return text.endswith("\\") or text.count("```") % 2 == 1


class ChatShell:
    """One chat, its prompt and its commands."""

    def __init__(self, options: ChatOptions) -> None:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        self._options = options
        self._typed = sys.stdin.isatty()
        self._console = Console(highlight=False, soft_wrap=True)
        self._asking = Asking("" if self._typed else _NOBODY)
        self._pictures = PictureFiles(options.out)
        self._chat = OpenChat(options, self._asking)
        self._transcript = Transcript(f"A chat with {self._chat.agent.model.name}")
        self._printer = ChatPrinter(self._console, self._keep_pictures, self._keep_observed)
        self._commands: dict[str, tuple[Callable[[str], None], str]] = {
            "undo": (self._undo, f"back to before the last message{self._undone}"),
            "continue": (self._continue, "go on with the last message, after a failure or a used-up budget"),
            "vars": (self._vars, "the variables of the programs: names, types, short reprs"),
            "tools": (self._tools, "what programs may call, as they see it"),
            "save": (
                self._save,
                "`/save FILE.md` writes the chat, `/save FILE.jsonl` what --journal goes on with",
            ),
            "reset": (self._reset, "begin anew: conversation, variables and world"),
            "help": (self._help, "this"),
        }

    def close(self) -> None:
        """End the session, and close the tools and the environment."""
        self._chat.close()

    def serve(self) -> bool:
        """Talk until the end of what is said. Returns whether every message was answered."""
        self._welcome()
        answered = True
        for text in self._typed_texts() if self._typed else self._piped_texts():
            if text.strip() in LEAVING:
                break
            try:
                answered &= self._take(text)
            except KeyboardInterrupt as interrupt:
                self._printer.broken_off()
                say_error(f"{interrupt or 'interrupted'}. /vars shows what is left of the session")
            except CodeActError as problem:
                answered = False
                say_error(str(problem))
        return answered or self._typed

    # ---- what is said -----------------------------------------------------------------------------------------------

    def _typed_texts(self) -> Iterator[str]:
        from codeact.cli.line_editor import LineEditor, Manner

        manner = Manner(name="chat", prompt=PROMPT, more="...> ", goes_on=goes_on, python=False)
        editor = LineEditor(self._complete, colours=self._console.color_system is not None, manner=manner)
        while True:
            try:
                yield editor.read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return

    def _piped_texts(self) -> Iterator[str]:
        text = ""
        for line in sys.stdin:
            text += line.rstrip("\n")
            if goes_on(text):
                text += "\n"
                continue
            if text.strip():
                self._say(f"{PROMPT}{text}")
                yield text
            text = ""
        if text.strip():
            self._say(f"{PROMPT}{text}")
            yield text

    def _take(self, text: str) -> bool:
        if text.startswith("/"):
            name, _, rest = text[1:].partition(" ")
            name = name.strip()
            if name not in self._commands:
                near = did_you_mean(f"/{name}", [f"/{known}" for known in self._commands]) or "; /help lists them"
                raise UsageError(f"there is no command /{name}{near}")
            self._commands[name][0](rest.strip())
            return True
        message = text.replace("\\\n", "\n").strip()
        if not message:
            return True
        self._transcript.ask(message)
        return self._act(lambda: self._chat.session.say(message, self._chat.agent.approve, self._hear))

    def _act(self, act: Callable[[], object]) -> bool:
        def interrupt() -> bool:
            self._chat.session.interrupt()
            return True

        try:
            with interrupts(interrupt, self._asking):
                act()
        except ModelError as problem:
            self._printer.broken_off()
            say_error(str(problem))
            self._say("Nothing is lost: /continue asks the model again, /undo takes the message back.")
            return False
        return True

    def _hear(self, event: Event) -> None:
        self._transcript(event)
        self._printer(event)

    def _keep_pictures(self, execution: Execution) -> list[str]:
        return self._noted(self._pictures.keep(execution))

    def _keep_observed(self) -> list[str]:
        return self._noted(self._pictures.write(self._chat.session.place.pictures))

    def _noted(self, lines: list[str]) -> list[str]:
        for line in lines:
            self._transcript.note(line)
        return lines

    def _complete(self, line: str) -> tuple[str, list[str]]:
        if line.startswith("/") and " " not in line:
            return line, [f"/{name}" for name in self._commands if name.startswith(line[1:])]
        sandbox = self._chat.session.place.sandbox
        return ("", []) if sandbox is None else completions(sandbox, line, branches=self._branches)

    @property
    def _undone(self) -> str:
        return ": conversation, variables, world" if self._branches else "; variables and files stay"

    @property
    def _branches(self) -> bool:
        return self._options.sandbox.workspace is None

    # ---- commands ---------------------------------------------------------------------------------------------------

    def _welcome(self) -> None:
        place, options = self._chat.session.place, self._options.sandbox
        tools = len([name for name in place.toolbox.tools if name != "finish"])
        parts = [self._chat.agent.model.name, level_in_words(options.without), f"{tools} tool{'s' * (tools != 1)}"]
        if options.workspace is not None:
            parts.append(f"workspace {options.workspace}, and no filter there")
        if self._options.env is not None:
            parts.append(f"{self._options.env}, seed {self._options.seed}")
        self._say(f"{', '.join(parts)}. /help says more; Ctrl-D leaves.")
        if isinstance(place, EnvironmentPlace):
            self._say(f"The task here is: {place.instruction} Ask for it, or for anything else.")
            self._say(place.observe())

    def _undo(self, rest: str) -> None:
        undone = self._chat.session.undo()
        self._transcript.undo()
        self._say(f"as it was before: {undone.text}")
        if undone.stays:
            self._say(f"the conversation alone went back; as they were left: {undone.stays}")
        if undone.files:
            self._say("written or removed since then: " + ", ".join(undone.files))
        if undone.outside:
            self._say("not undone, for it lies outside: " + ", ".join(undone.outside))

    def _continue(self, rest: str) -> None:
        self._act(lambda: self._chat.session.go_on(self._chat.agent.approve, self._hear))

    def _vars(self, rest: str) -> None:
        sandbox = self._chat.session.place.sandbox
        if sandbox is None:
            raise UsageError("this environment does not show the variables of its programs")
        rows = variables(sandbox, branches=self._branches)
        if not rows:
            self._say("there are none")
            return
        self._table(rows)

    def _tools(self, rest: str) -> None:
        stubs = self._chat.session.place.toolbox.stubs()
        text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(printable(stubs))
        text.rstrip()
        self._console.print(text)

    def _save(self, rest: str) -> None:
        file = Path(rest).expanduser() if rest else self._options.out / "chat.md"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".jsonl":
                self._chat.session.conversation.save(file)
            else:
                file.write_text(self._transcript.markdown(), encoding="utf-8")
        except OSError as problem:
            raise UsageError(f"{file} cannot be written: {problem.strerror or problem}") from None
        self._say(f"saved: {file}")

    def _reset(self, rest: str) -> None:
        self._chat.session.reset()
        self._transcript.clear()
        self._say("begun anew: conversation, variables and world")

    def _help(self, rest: str) -> None:
        self._table([(f"/{name}", purpose, "") for name, (_, purpose) in self._commands.items()])
        self._table(
            [
                ("Enter", "sends; a line that ends in \\ goes on, and so does an open ``` fence", ""),
                ("Esc Enter", "sends what is there", ""),
                ("Up, Ctrl-R", "what was said before; Ctrl-R searches it", ""),
                ("Ctrl-C", "ends the reply, the program, and what moves; the chat goes on", ""),
                ("Ctrl-D", "leaves", ""),
            ]
        )

    def _table(self, rows: list[tuple[str, str, str]]) -> None:
        grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for style in ("bold", "dim", "cyan"):
            grid.add_column(style=style)
        for row in rows:
            grid.add_row(*map(Text, row))
        self._console.print(grid)

    def _say(self, text: str) -> None:
        self._console.print(Text(printable(text), style="dim"))
