"""The page of an episode and its video: complete, self-contained, and harmless whatever the model wrote."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import gymnasium
import line_world  # noqa: F401 - registers the world
import numpy as np
import pytest

from codeact.agent import CodeActAgent, ProgramAgent
from codeact.episode import VideoError, play
from codeact.episode.plain import printable
from codeact.episode.video import VideoWriter
from codeact.models import ScriptedModel

HOSTILE = """
print('<script>alert(1)</script>')
print('</pre><img src=x onerror=alert(2)>')
print('\\x1b]0;title\\x07\\x1b[31mred\\x1b[0m \\u202eesrever')
'"><svg onload=alert(3)>'
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    env: Any = gymnasium.make("Line/Push-v0", render_mode="rgb_array_list")
    agent = ProgramAgent([HOSTILE, "push(9.0)", env.unwrapped.oracle()], name="<b>agent</b>")
    directory = play(agent, env, seed=3, out=tmp_path_factory.mktemp("runs")).directory
    env.close()
    assert directory is not None
    return directory


class Reader(HTMLParser):
    """Elements and attributes of a page, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_tells_the_episode(run: Path) -> None:
    words = Reader((run / "episode.html").read_text()).words
    for expected in ("Push the block to the mark", "Turn 1", "Turn 3", "success", "1.00", "OffTheLine", "pushing"):
        assert expected in words
    assert "push(distance=" in words.replace("\n", "")
    assert "<b>agent</b>" in words


def test_every_reply_is_on_the_page_and_its_program_once(tmp_path: Path) -> None:
    env: Any = gymnasium.make("Line/Push-v0")
    replies = ["Let me think first.", "Now I push.\n<execute>\npush(mark() - block())\n</execute>"]
    directory = play(CodeActAgent(ScriptedModel(replies)), env, out=tmp_path).directory
    env.close()
    assert directory is not None
    words = Reader((directory / "episode.html").read_text()).words
    for said in ("Let me think first.", "Now I push."):
        assert words.count(said) == 1
    assert words.count("mark() - block()") + words.count("mark() - block") == 2
    assert "<execute>" not in words.split("Turn 1")[1]


def test_what_the_model_wrote_stays_text(run: Path) -> None:
    text = (run / "episode.html").read_text()
    reader = Reader(text)
    assert [tag for tag, _ in reader.elements if tag in ("svg", "img", "b", "iframe")].count("b") == 5  # the facts
    assert not {"svg", "img", "iframe", "object", "link"} & {tag for tag, _ in reader.elements}
    assert [tag for tag, _ in reader.elements].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)
    assert "alert(1)" in reader.words
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)


def test_the_page_needs_nothing_else(run: Path) -> None:
    reader = Reader((run / "episode.html").read_text())
    sources = [v or "" for _, a in reader.elements for k, v in a.items() if k in ("src", "href", "poster", "srcset")]
    assert sources
    assert all(source.startswith("data:") for source in sources)
    (policy,) = [a["content"] for t, a in reader.elements if t == "meta" and a.get("http-equiv")]
    assert str(policy).startswith("default-src 'none'")


def test_the_video_holds_the_frames_in_a_form_that_browsers_play(run: Path) -> None:
    data = (run / "episode.mp4").read_bytes()
    page = (run / "episode.html").read_text()
    assert base64.b64encode(data).decode() in page
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 20
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(frames) == 6
    assert frames[0].shape == (120, 200, 3), "odd sizes lose a line"
    assert np.abs(frames[0].astype(int) - frames[-1]).max() > 100, "the block has moved"


def test_a_video_that_is_cut_off_still_plays(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "film.mp4", fps=20)
    for level in range(100):
        writer.add([np.full((64, 64, 3), level * 2, np.uint8)])
    cut = (tmp_path / "film.mp4").read_bytes()
    writer.close()
    with av.open(io.BytesIO(cut)) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 40


@pytest.mark.parametrize(
    "frame", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_frames_of_another_form_are_refused(tmp_path: Path, frame: Any) -> None:
    with pytest.raises(VideoError, match=r"uint8 array of shape \(height, width, 3\)"):
        VideoWriter(tmp_path / "film.mp4", fps=20).add([frame])


def test_no_frames_no_file(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "film.mp4", fps=20)
    writer.close()
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07link\x1b]8;;\x07", "link"),
        ("\x1b]52;c;ZXZpbA==\x1b\\clipboard", "clipboard"),
        ("\x1bP1$r0m\x1b\\device", "device"),
        ("\x9b2Jclear", "clear"),
        ("back\b\b\bspace\r\nline\rover", "backspace\nlineover"),
        ("\u202eesrever\u2066", "esrever"),
        ("\x1b", ""),
        ("unfinished \x1b[", "unfinished "),
    ],
)
def test_what_could_move_a_terminal_is_dropped(text: str, shown: str) -> None:
    assert printable(text) == shown
