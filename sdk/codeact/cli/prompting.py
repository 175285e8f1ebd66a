"""`codeact prompt`."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import Any

from codeact.agent.protocol import Brief
from codeact.agent.settings import AgentSettings
from codeact.cli.running import make_environment
from codeact.cli.toolboxes import load_toolbox
from codeact.episode.plain import printable
from codeact.evaluation.errors import SelectionError
from codeact.models import ScriptedModel
from codeact.models.protocol import Message, Model, count_tokens


def show_prompt(
    task: str,
    seed: int,
    model: str | None,
    *,
    as_json: bool,
    tools: str | None,
    settings: AgentSettings,
    environment: dict[str, str | None],
) -> None:
    """Print the messages that a model reads first in an episode, each under its role, and how long they are.

    Args:
        model: counts tokens; None: they are estimated.
        settings: of the agent.
        environment: options of the environment.

    Raises:
        CodeActError: there is no such task or model, or a setting is wrong.
    """
    from codeact.agent import CodeActAgent
    from codeact.evaluation.selection import find_tasks
    from codeact.models import load_model
    from codeact.tools.some_stubs import PROMPT_CHARACTERS

    found = find_tasks([task])
    if len(found) != 1:
        raise SelectionError(f"{task!r} matches {len(found)} tasks; name one")
    counter: Model = ScriptedModel([""]) if model is None else load_model(model)
    agent = CodeActAgent(counter, settings)
    with ExitStack() as opened:
        box = load_toolbox(tools) if tools is not None else None
        if box is not None:
            opened.callback(box.close)
        env = make_environment(found[0], video=False, extra_tools=box, **environment)
        opened.callback(env.close)
        observation, _ = env.reset(seed=seed)
        world: Any = env.unwrapped
        brief = Brief(str(world.instruction), world.tools.stubs(PROMPT_CHARACTERS), observation, None, world.tools)
        messages = agent.prompt(brief)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    if as_json:
        print(json.dumps([{"role": each.role, "content": each.content} for each in messages], ensure_ascii=False))
        return
    for message in messages:
        print(f"[{message.role}]\n{printable(message.content)}\n")
    print(f"# {_length(messages, counter, model)}")


def _length(messages: list[Message], counter: Model, model: str | None) -> str:
    characters = sum(len(message.content) for message in messages)
    tokens = sum(count_tokens(counter, message.content) for message in messages)
    as_counted = f"as {model} counts them" if model is not None else "at three bytes each, which is high: see --model"
    return f"{len(messages)} messages, {characters:,} characters, {tokens:,} tokens {as_counted}"
