"""The texts that a model reads, from the files in `prompts/`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from codeact.errors import CodeActError


def system_prompt(
    action_format: str,
    stubs: str,
    *,
    chat: bool,
    short: bool = False,
    own: str | None = None,
    libraries: Collection[str] = (),
    examples: Sequence[str] = (),
) -> str:
    """The system message: how to act, the functions, the rules, worked examples.

    Args:
        action_format: `code`, `json` or `text`.
        stubs: the functions, as Python stubs or in their short form.
        short: the few sentences that go with short stubs, in place of all rules.
        chat: in a chat, plain words are an answer; in an episode they are not.
        libraries: what programs may import in a workspace; none: there is no workspace.
        examples: worked examples, as `worked_examples` gives them.
        own: a Jinja template to use instead. It may use `stubs`, `chat`, `action_format`, `libraries` and `examples`,
            and `{% include "system_code.md.j2" %}` puts in the usual text.

    Raises:
        CodeActError: the own template is wrong.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError

    environment = Environment(
        loader=PackageLoader("codeact.agent", "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # this is text for a model, not a page
    )
    try:
        if own is None:
            template = environment.get_template(f"system_{'short' if short else action_format}.md.j2")
        else:
            template = environment.from_string(own)
        return template.render(
            stubs=stubs.strip(),
            chat=chat,
            action_format=action_format,
            libraries=list(libraries),
            examples=list(examples),
        ).strip()
    except TemplateError as error:
        raise CodeActError(f"the system prompt's template is wrong: {error}") from error


def say(message: str, **values: object) -> str:
    """One of the short messages of `prompts/messages.yaml`, filled in."""
    return _messages()[message].format_map(values)


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters and a note: its head and its tail, where the most telling lines stand."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return text[:head] + say("shortened", count=len(text) - limit) + text[len(text) - tail :]


@cache
def worked_examples(action_format: str) -> tuple[str, ...]:
    """All worked examples of `prompts/examples.yaml`, as one format writes them."""
    return tuple(
        "\n\n".join(
            [
                say("example", task=example["task"]),
                *(say("example_turn", **turn) if "observation" in turn else turn["reply"] for turn in turns),
            ]
        )
        for example in _read("examples.yaml")
        if (turns := example[action_format])
    )


@cache
def _messages() -> dict[str, str]:
    return {str(name): str(text) for name, text in _read("messages.yaml").items()}


def _read(file: str) -> Any:
    return yaml.safe_load((files("codeact.agent") / "prompts" / file).read_text(encoding="utf-8"))
