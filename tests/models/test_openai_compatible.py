"""A client of the OpenAI chat protocol, against a real server on loopback that also misbehaves."""

from __future__ import annotations

import socket
import time
import warnings
from typing import Any

import pytest

from codeact.errors import ModelError
from codeact.models import (
    ContextOverflow,
    GenerationOptions,
    Message,
    OpenAICompatibleModel,
    StopGeneration,
    load_model,
)
from codeact.models.chat_stream import Retries, Timeouts
from codeact.models.refused_options import OptionRefused, TakenOptions

QUESTION = [Message("system", "Be brief."), Message("user", "hello")]
FAST = Retries(attempts=3, base=0.01, longest=2.0)


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEACT_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def ask(server: Any, model: str, options: GenerationOptions | None = None, **settings: Any) -> Any:
    settings.setdefault("retries", FAST)
    return OpenAICompatibleModel(server.url, model, **settings).generate(QUESTION, options or GenerationOptions())


def test_a_reply_is_streamed_and_counted(server: Any) -> None:
    model = load_model(f"openai:{server.url}#good")
    pieces: list[str] = []
    completion = model.generate(QUESTION, GenerationOptions(), pieces.append)
    assert completion.text == "Grüße, the last message was: hello" == "".join(pieces)
    assert len(pieces) == 3
    assert (completion.prompt_tokens, completion.completion_tokens, completion.estimated) == (11, 7, False)
    assert completion.finish_reason == "stop"
    assert model.name == f"openai:{server.url}#good"


def test_all_options_are_sent(server: Any) -> None:
    options = GenerationOptions(max_tokens=4, temperature=0.5, stop=("</execute>",), seed=9)
    assert ask(server, "good", options).finish_reason == "length"
    sent = server.requests[-1]
    assert (sent["max_tokens"], sent["temperature"], sent["stop"], sent["seed"]) == (4, 0.5, ["</execute>"], 9)
    assert sent["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]


@pytest.mark.parametrize("name", ["thinker", "thinker-in-words"])
def test_what_a_model_does_not_take_is_left_out_and_said_once(server: Any, name: str) -> None:
    model = OpenAICompatibleModel(server.url, name, retries=FAST)
    options = GenerationOptions(max_tokens=4, stop=("</execute>",), seed=9)
    with pytest.warns(UserWarning, match="does not take the option") as told:
        assert model.generate(QUESTION, options).finish_reason == "length"
    assert [str(each.message).split("option ")[1].split(",")[0] for each in told] == ["temperature", "stop"]
    sent = server.requests[-1]
    assert (sent["max_completion_tokens"], sent["seed"]) == (4, 9)
    assert not {"max_tokens", "temperature", "stop"} & set(sent)
    before = server.count(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.generate(QUESTION, options)
    assert server.count(name) == before + 1


def test_a_reply_without_any_limit_is_not_asked_for(server: Any) -> None:
    with pytest.raises(ModelError, match="does not take max_completion_tokens"):
        ask(server, "no-limit")


def test_a_limit_is_sent_by_one_name_or_the_other_while_a_refusal_comes_in() -> None:
    taken = TakenOptions("a model")

    class Body(dict[str, object]):
        def __getitem__(self, name: str) -> object:
            taken.learn(OptionRefused("refused in another thread", "max_tokens"))
            return super().__getitem__(name)

    assert taken.fit(Body(max_tokens=4)) == {"max_tokens": 4}
    assert taken.fit(Body(max_tokens=4)) == {"max_completion_tokens": 4}


@pytest.mark.parametrize("name", ["nested", "nested-refusal"])
def test_an_answer_that_no_reader_can_take_apart_is_an_error_of_the_model(server: Any, name: str) -> None:
    with pytest.raises(ModelError, match=r"does not speak|answered 400"):
        ask(server, name)


def test_the_key_comes_from_the_environment_only(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(server, "good")
    assert "authorization" not in server.headers[-1]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-second")
    ask(server, "good")
    assert server.headers[-1]["authorization"] == "Bearer sk-second"
    monkeypatch.setenv("CODEACT_API_KEY", "sk-first")
    ask(server, "good")
    assert server.headers[-1]["authorization"] == "Bearer sk-first"


def test_no_message_shows_the_key(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEACT_API_KEY", "sk-secret-123")
    with pytest.raises(ModelError, match=r"refused the key \(401\).*CODEACT_API_KEY") as caught:
        ask(server, "echo-key")
    assert "sk-secret-123" not in str(caught.value)
    assert "<key>" in str(caught.value)


def test_a_server_that_wants_a_key_says_so(server: Any) -> None:
    with pytest.raises(ModelError, match="asks for a key"):
        ask(server, "echo-key")


def test_a_login_in_the_address_is_not_shown() -> None:
    assert OpenAICompatibleModel("https://user:word@host.example/v1", "m").name == "openai:https://host.example/v1#m"


def test_an_unknown_model_is_named(server: Any) -> None:
    with pytest.raises(ModelError, match=r"knows no model 'nobody'.*/v1/models"):
        ask(server, "nobody")


def test_retry_after_is_waited_for_and_may_be_longer_than_other_pauses(server: Any) -> None:
    ask(server, "busy-once", retries=Retries(attempts=3, base=0.01, longest=0.1))
    first, second = server.times[-2:]
    assert second - first >= 0.95


def test_server_errors_are_tried_again(server: Any) -> None:
    assert ask(server, "flaky").text.startswith("Grüße")
    assert server.count("flaky") == 3


def test_trying_again_ends(server: Any) -> None:
    with pytest.raises(ModelError, match=r"answered 500: boom \(tried 3 times\)"):
        ask(server, "always-down")


def test_a_pause_of_a_day_is_not_waited_for(server: Any) -> None:
    with pytest.raises(ModelError, match=r"no quota \(it asks to wait 86400 s\)"):
        ask(server, "always-busy")
    assert server.count("always-busy") == 1


def test_too_long_a_prompt_is_an_error_of_its_own(server: Any) -> None:
    with pytest.raises(ContextOverflow, match="maximum context length is 8"):
        ask(server, "too-long")


def test_an_error_that_is_null_is_none(server: Any) -> None:
    assert ask(server, "null-error").text == "a"


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("html", "does not speak the OpenAI chat protocol; it sent '<html>hello"),
        ("broken-json", "does not speak the OpenAI chat protocol; it sent '{not json"),
        ("wrong-json", "does not speak the OpenAI chat protocol"),
        ("list-json", "does not speak the OpenAI chat protocol"),
        ("wrong-choices", "does not speak the OpenAI chat protocol"),
        ("wrong-counts", "does not speak the OpenAI chat protocol"),
        ("error-in-stream", "reported an error: out of memory"),
        ("redirect", "redirects"),
        ("cut", "ended before the reply was complete, after 7 characters"),
        ("reset", "was cut, after 7 characters"),
    ],
)
def test_each_failure_has_its_own_words(server: Any, behaviour: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ask(server, behaviour)


@pytest.mark.real_time
def test_a_server_that_falls_silent_is_given_up(server: Any) -> None:
    started = time.monotonic()
    with pytest.raises(ModelError, match=r"sent nothing for 0\.3 s, after 5 characters"):
        ask(server, "slow", timeouts=Timeouts(next_text=0.3))
    assert time.monotonic() - started < 5


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        model = OpenAICompatibleModel(url, "m", retries=FAST)
        with pytest.raises(ModelError, match=r"cannot connect to .* Is the server running\? \(tried 3 times\)"):
            model.generate(QUESTION, GenerationOptions())


def test_a_host_without_an_address_is_named() -> None:
    model = OpenAICompatibleModel("http://nobody.invalid/v1", "m", retries=FAST)
    with pytest.raises(ModelError, match=r"no address was found for the host 'nobody\.invalid'"):
        model.generate(QUESTION, GenerationOptions())


def test_a_server_that_speaks_no_tls_is_told_from_one_that_is_down(server: Any) -> None:
    before = len(server.requests)
    with pytest.raises(ModelError, match=r"no secure connection to https:.*SSL_CERT_FILE") as caught:
        OpenAICompatibleModel(server.url.replace("http:", "https:"), "good").generate(QUESTION, GenerationOptions())
    assert "tried" not in str(caught.value), "it is not tried again"
    assert len(server.requests) == before


def test_options_that_were_not_asked_for_are_not_sent(server: Any) -> None:
    ask(server, "good")
    assert not {"top_p", "top_k", "min_p", "repetition_penalty", "seed", "stop"} & set(server.requests[-1])
    ask(server, "good", GenerationOptions(top_p=0.9, top_k=5, min_p=0.1, repetition_penalty=1.1, seed=3, stop=("x",)))
    sent = server.requests[-1]
    assert (sent["top_p"], sent["top_k"], sent["min_p"], sent["repetition_penalty"]) == (0.9, 5, 0.1, 1.1)
    assert (sent["seed"], sent["stop"]) == (3, ["x"])


def test_servers_that_do_not_stream_or_say_done_are_understood(server: Any) -> None:
    whole = ask(server, "not-streamed")
    assert (whole.text, whole.prompt_tokens, whole.finish_reason) == ("in one piece", 3, "stop")
    undone = ask(server, "no-done")
    assert (undone.text, undone.estimated) == ("all of it", True)


def test_a_reply_can_be_stopped_from_its_listener(server: Any) -> None:
    heard: list[str] = []

    def listen(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 3:
            raise StopGeneration

    server.hung_up.clear()
    completion = OpenAICompatibleModel(server.url, "endless").generate(QUESTION, GenerationOptions(), listen)
    assert completion.finish_reason == "interrupted"
    assert completion.text == "tick " * 3
    assert server.hung_up.wait(5), "the connection must be closed, so that the server stops as well"


@pytest.mark.real_time
def test_a_reply_can_be_interrupted_while_nothing_comes(server: Any) -> None:
    started = time.monotonic()
    options = GenerationOptions(interrupt=lambda: time.monotonic() - started > 0.3)
    completion = ask(server, "slow", options)
    assert (completion.finish_reason, completion.text) == ("interrupted", "first")
    assert time.monotonic() - started < 3


def test_an_error_of_the_listener_passes_through(server: Any) -> None:
    def listen(piece: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        OpenAICompatibleModel(server.url, "endless").generate(QUESTION, GenerationOptions(), listen)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "http://"])
def test_a_wrong_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(ModelError, match="is not a base URL"):
        OpenAICompatibleModel(url, "m")
