"""Pictures go to models that take them, and are words for those that do not."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import gymnasium
import numpy as np
import pytest
from PIL import Image as pil

import codeact_envs  # noqa: F401
from codeact import CodeActAgent, Toolbox, tool
from codeact.agent.memory import MOST_PICTURES, PICTURE_TOKENS, Memory
from codeact.agent.pictures import LONGEST_SIDE, pictures_of, shrunk
from codeact.episode import play
from codeact.models import OpenAICompatibleModel, ScriptedModel
from codeact.sandbox import Sandbox
from codeact.values import Image

BLUE = np.zeros((12, 16, 3), np.uint8)
BLUE[..., 2] = 255


@tool(effect="read")
def photograph() -> Image:
    """Take a picture."""
    return Image(BLUE)


@tool(effect="read")
def scan() -> Any:
    """Scan a page."""
    return pil.fromarray(BLUE[..., 2])


@tool(effect="read")
def depths() -> Any:
    """Return what is no picture: bytes of another shape, and numbers."""
    return [np.zeros((2, 2), np.uint8), np.zeros((20, 20)), np.zeros(500, np.uint8)]


BOX = Toolbox([photograph, scan, depths])


@pytest.mark.parametrize(
    ("program", "sizes"),
    [
        ("photograph()", ["16x12 RGB"]),
        ("x = photograph()\nprint(x)", ["16x12 RGB"]),
        ("scan()", ["16x12 grey"]),
        ("import numpy as np\nphotograph()\nnp.zeros((30, 20, 4), np.uint8)", ["20x30 RGBA"]),
        ("{'left': photograph(), 'right': [scan()]}", ["16x12 RGB", "16x12 grey"]),
        ("for _ in range(9): photograph()", ["16x12 RGB"] * 4),
        ("depths()", []),
        ("1 + 1", []),
    ],
)
def test_what_counts_as_a_picture(program: str, sizes: list[str], sandbox: Sandbox) -> None:
    execution = sandbox.run(program)
    assert execution.error is None
    assert [repr(image) for image in pictures_of(execution)] == [f"Image({size})" for size in sizes]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(BOX) as opened:
        yield opened


class Server(ThreadingHTTPServer):
    """Speaks the chat protocol on loopback; `seeing`: whether it takes pictures."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seeing = True
        self.bodies: list[dict[str, Any]] = []
        self.replies: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        if not self.server.seeing and any(isinstance(each["content"], list) for each in body["messages"]):
            self._send(400, {"error": {"message": "content must be a string"}})
            return
        said = sum(each["role"] == "assistant" for each in body["messages"])
        choice = {"message": {"role": "assistant", "content": self.server.replies[said]}, "finish_reason": "stop"}
        self._send(200, {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}})

    def _send(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


LOOKS = ["<execute>\nphotograph()\n</execute>", "It is blue."]


def test_a_server_that_takes_pictures_gets_them_as_addresses_of_data(server: Server) -> None:
    server.replies = [LOOKS[0], "<execute>\n1 + 1\n</execute>", "Still blue."]
    with CodeActAgent(OpenAICompatibleModel(f"http://127.0.0.1:{server.server_port}/v1", "seer")) as agent:
        assert agent.chat("What is there?", BOX) == "Still blue."
    content = server.bodies[1]["messages"][-1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url"]
    assert content[0]["text"].endswith("\n[picture of 16x12 pixels]")
    kind, _, data = content[1]["image_url"]["url"].partition(";base64,")
    assert kind == "data:image/png"
    assert np.array_equal(np.asarray(pil.open(io.BytesIO(base64.b64decode(data)))), BLUE)
    assert server.bodies[2]["messages"][3]["content"] == content, "it is there in the next turn, too"
    assert isinstance(server.bodies[2]["messages"][0]["content"], str)


def test_a_server_that_takes_none_is_asked_again_in_words(server: Server) -> None:
    server.seeing, server.replies = False, [LOOKS[0], LOOKS[0], "I cannot see it."]
    with CodeActAgent(OpenAICompatibleModel(f"http://127.0.0.1:{server.server_port}/v1", "blind")) as agent:
        assert agent.chat("What is there?", BOX) == "I cannot see it."
    assert len(server.bodies) == 4, "one request was refused; the next picture is not tried again"
    for body in server.bodies[2:]:
        last = body["messages"][-1]["content"]
        assert "[picture of 16x12 pixels]" in last
        assert last.endswith("[You read text alone, and cannot see pictures.]")


def test_a_model_of_text_reads_how_large_they_are() -> None:
    with CodeActAgent(ScriptedModel(LOOKS)) as agent:
        agent.chat("What is there?", BOX)
        seen = agent._chat.conversation.memory.messages()[3]  # type: ignore[union-attr]
    assert "[picture of 16x12 pixels]\n[You read text alone, and cannot see pictures.]" in seen.content
    assert seen.images == ()


class Seer:
    """A model that takes pictures, and keeps what it was given."""

    name, context_tokens, takes_images = "seer", None, True

    def __init__(self, replies: Sequence[str]) -> None:
        self._script = ScriptedModel(replies)
        self.given: list[Any] = []

    def generate(self, messages: Any, options: Any, on_text: Any = None) -> Any:
        self.given.append(list(messages))
        return self._script.generate(messages, options, on_text)


def test_in_an_episode_pictures_of_tools_come_with_the_observation() -> None:
    env = gymnasium.make("CodeAct/Reach-v0", extra_tools=BOX)
    model = Seer(["<execute>\npicture = photograph()\n</execute>", "<execute>\nfinish('seen')\n</execute>"])
    play(CodeActAgent(model), env, seed=0)
    env.close()
    assert [message.images for message in model.given[1]] == [(), (), (), (Image(BLUE),)]


def test_only_the_newest_pictures_are_sent_and_all_count() -> None:
    memory = Memory("", lambda text: 0)
    empty = memory.tokens
    pictures = [Image(np.full((8, 8), shade, np.uint8)) for shade in range(6)]
    for picture in pictures:
        memory.messages()
        memory.add("user", "see", images=(picture,))
        memory.add("assistant", "seen")
    sent = [image for message in memory.messages() for image in message.images]
    assert sent == pictures[-MOST_PICTURES:]
    assert memory.tokens - empty - 12 * 8 == MOST_PICTURES * PICTURE_TOKENS
    memory.forget_pictures()
    assert memory.tokens - empty == 12 * 8
    assert all(message.images == () for message in memory.messages())


def test_a_large_picture_is_made_smaller_for_a_model() -> None:
    assert repr(shrunk(Image(np.zeros((100, 4 * LONGEST_SIDE), np.uint8)))) == f"Image({LONGEST_SIDE}x25 grey)"
    small = Image(BLUE)
    assert shrunk(small) is small
