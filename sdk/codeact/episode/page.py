"""One self-contained page for an episode: video, instruction, and turn by turn what was written and what happened.

The page loads nothing: video and styles are inside it, and a content security policy forbids the rest. All that comes
from the trace is data: it is escaped, and its control characters are dropped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.episode import schema
from codeact.episode.plain import duration, printable
from codeact.episode.trace import TraceFile, read_trace
from codeact.errors import TraceError

if TYPE_CHECKING:
    from markupsafe import Markup

LONGEST = 4_000
"""Characters of one argument or value that are shown; the trace has the rest."""


@dataclass
class Happening:
    """What a program did, in order: a piece of output, or a call."""

    kind: str
    text: str = ""
    call: schema.CallRecord | None = None
    arguments: list[tuple[str, str]] = field(default_factory=list)
    value: str = ""
    time: str = ""


@dataclass
class Reply:
    """What the model said. `told` is missing when the trace breaks off before the reply was whole."""

    text: str
    told: schema.ModelReplied | None = None


@dataclass
class Turn:
    """The replies up to a program (those without one come before it), the program, and what it did and led to."""

    number: int
    streamed: str = ""
    replies: list[Reply] = field(default_factory=list)
    program: str = ""
    code: Markup | str = ""
    note: str = ""
    happenings: list[Happening] = field(default_factory=list)
    executed: schema.Executed | None = None
    stepped: schema.Stepped | None = None
    video_second: float | None = None


def write_page(run: Path | str) -> Path:
    """Write `episode.html` into a run's folder, from its trace and, when there is one, its video. Returns its path.

    Raises:
        TraceError: the trace cannot be read, or the page cannot be written.
    """
    directory = Path(run)
    trace = read_trace(directory)
    page = directory / "episode.html"
    video = directory / "episode.mp4"
    try:
        page.write_text(render_page(trace, video.read_bytes() if video.exists() else None), encoding="utf-8")
    except OSError as error:
        page.unlink(missing_ok=True)
        raise TraceError(
            f"the page {page} cannot be written: {error.strerror}. The trace beside it is whole."
        ) from error
    return page


def render_page(trace: TraceFile, video: bytes | None = None) -> str:
    """The page as HTML. `video`: an MP4 to show on it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    source = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) or not isinstance(value, str) else printable(value),
    )
    style = (source / "page.css").read_text(encoding="utf-8") + _code_styles()
    script = (source / "page.js.j2").read_text(encoding="utf-8") if video else ""
    turns = _turns(trace, _frame_rate(video))
    return environment.get_template("page.html.j2").render(
        trace=trace,
        head=trace.head,
        started=trace.started,
        ended=trace.ended,
        last=next((turn.stepped for turn in reversed(turns) if turn.stepped), None),
        turns=turns,
        calls=sum(1 for turn in turns for happening in turn.happenings if happening.call),
        violations=list(dict.fromkeys(v for turn in turns if turn.stepped for v in turn.stepped.violations)),
        stubs=_highlighted(trace.started.stubs) if trace.started else "",
        style=Markup(style),
        script=Markup(script),
        script_hash=_hash(script),
        video=Markup(base64.b64encode(video).decode()) if video else None,
        answer=_short(trace.ended.answer) if trace.ended and trace.ended.answer is not None else None,
    )


def _turns(trace: TraceFile, frame_rate: float | None) -> list[Turn]:
    turns: list[Turn] = []
    turn = Turn(1)
    second = 0.0
    for line in trace.lines:
        match line:
            case schema.ModelText():
                turn.streamed += line.text
            case schema.ModelReplied():
                turn.replies.append(Reply(line.text, line))
                turn.streamed = ""
            case schema.Summarised():
                turn.replies.append(Reply(f"The oldest {line.left_out} messages, summed up:\n{line.text}"))
            case schema.Rehearsed() if line.candidate:
                turn.replies.append(Reply(_candidate(line)))
            case schema.Rehearsed(passed=False):
                turn.replies.append(Reply(f"Rehearsed, and not run:\n{line.told}"))
            case schema.ActionChosen():
                turn.program, turn.code, turn.note = line.code, _highlighted(line.code), line.note
                if line.candidate:
                    turn.replies.append(Reply(f"Candidate {line.candidate} is run."))
            case schema.Printed():
                if turn.happenings and turn.happenings[-1].kind == "printed":
                    turn.happenings[-1].text += line.text
                else:
                    turn.happenings.append(Happening("printed", text=line.text))
            case schema.CallFinished(call=call):
                turn.happenings.append(_happening(call))
            case schema.Executed():
                turn.executed = line
            case schema.Stepped():
                turn.stepped = line
                if frame_rate and line.frames is not None:
                    turn.video_second, second = second, line.frames / frame_rate
                turns.append(turn)
                turn = Turn(turn.number + 1)
            case _:
                pass
    if turn.streamed:
        turn.replies.append(Reply(turn.streamed))
    if turn.replies or turn.code or turn.happenings:
        turns.append(turn)
    for turn in turns:
        for reply in turn.replies[-1:]:
            reply.text = _words(reply.text, turn.program.strip())
    return turns


def _candidate(line: schema.Rehearsed) -> str:
    text = f"Candidate {line.candidate}, rehearsed: score {line.score:.3f}, {line.simulated_seconds:.1f} s in the world"
    return text if line.passed else f"{text}; it would fail:\n{line.told}"


def _happening(call: schema.CallRecord) -> Happening:
    return Happening(
        "call",
        call=call,
        arguments=[(name, _short(value)) for name, value in call.arguments.items()],
        value=_short(call.value),
        time=duration(call.seconds),
    )


def _words(reply: str, program: str) -> str:
    """The model's words around its program, which is shown below them; the marks that fence it go too."""
    if not program or program not in reply:
        return reply.strip()
    before, _, after = reply.partition(program)
    before = re.sub(r"(<execute>|```\w*)\s*$", "", before.rstrip())
    after = re.sub(r"^\s*(</execute>|```)", "", after)
    return "\n⋯\n".join(part.strip() for part in (before, after) if part.strip())


def _short(value: Any) -> str:
    text = repr(_rounded(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text)} characters)"


def _rounded(value: Any) -> Any:
    """Six digits of a number are what a reader can use; the trace has them all."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value


def _highlighted(code: str) -> Markup:
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(printable(code), PythonLexer(), HtmlFormatter(cssclass="code")))


def _code_styles() -> str:
    from pygments.formatters import HtmlFormatter

    def rules(style: str) -> str:
        return str(HtmlFormatter(style=style).get_style_defs(".code"))  # type: ignore[no-untyped-call]

    light, dark = rules("friendly"), rules("github-dark")
    return (
        f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n.code {{ background: var(--tint) !important }}\n"
    )


def _frame_rate(video: bytes | None) -> float | None:
    if not video:
        return None
    import io

    import av

    try:
        with av.open(io.BytesIO(video)) as container:
            rate = container.streams.video[0].average_rate
    except (av.FFmpegError, IndexError):
        return None
    return float(rate) if rate else None


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
