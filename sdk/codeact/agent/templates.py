"""The texts that a model reads, from the files in `prompts/`."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files

import yaml

from codeact.errors import CodeActError


def system_prompt(
    action_format: str, stubs: str, *, chat: bool, own: str | None = None, libraries: Collection[str] = ()
) -> str:
    """The system message: how to act, the functions, the rules, one worked example.

    Args:
        action_format: `code`, `json` or `text`.
        stubs: the functions, as Python stubs.
        chat: in a chat, plain words are an answer; in an episode they are not.
        libraries: what programs may import in a workspace; none: there is no workspace.
        own: a Jinja template to use instead. It may use `stubs`, `chat`, `action_format` and `libraries`, and
            `{% include "system_code.md.j2" %}` puts in the usual text.

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
            template = environment.get_template(f"system_{action_format}.md.j2")
        else:
            template = environment.from_string(own)
        return template.render(
            stubs=stubs.strip(), chat=chat, action_format=action_format, libraries=list(libraries)
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
def _messages() -> dict[str, str]:
    loaded = yaml.safe_load((files("codeact.agent") / "prompts" / "messages.yaml").read_text(encoding="utf-8"))
    return {str(name): str(text) for name, text in loaded.items()}
