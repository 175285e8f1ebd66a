"""How well models still speak and program: short questions, and small functions that must pass their tests.

python benchmarks/general_ability.py                      # the embedded model, and the base that it was trained from
python benchmarks/general_ability.py --models "embedded?rows=16" hf:my/model --out replies.jsonl
python benchmarks/general_ability.py --check              # exits with 1 where the first lost more than 3 points

Every model is asked the same, greedily, without a system message. A question is right where an answer of
`general_questions.yaml` stands in the reply; a function of `general_programs.yaml` where its three tests are true in
the sandbox. Neither file is in the training data. Shares are in percent, with Wilson intervals of 95 %; `only this one`
counts what the first of the other models has wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact import Limits, Sandbox, load_model
from codeact.errors import CodeActError
from codeact.evaluation import wilson_interval
from codeact.models import Completion, GenerationOptions, Message, Model, generate_many
from codeact.yaml_files import YamlFile

HERE = Path(__file__).parent
QUESTION_TOKENS, PROGRAM_TOKENS = 48, 160
MOST_LOST = 3.0
"""Points that training may cost, for `--check`."""
LIMITS = Limits(wall_s=5.0, cpu_s=5.0)
_CODE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:```|\Z)|<execute>(.*?)(?:</execute>|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Item:
    """Something to ask, and how to tell whether a reply is right."""

    kind: str
    prompt: str
    tokens: int
    is_right: Callable[[str], bool]


@dataclass(frozen=True)
class Marked:
    """A reply to an item."""

    item: Item
    reply: str
    right: bool


def answered(reply: str, answers: Sequence[str]) -> bool:
    """Whether one of the answers stands in a reply: as a whole word, or as the regular expression between slashes."""
    return any(re.search(_pattern(answer), reply.strip(), re.IGNORECASE) for answer in answers)


def _pattern(answer: str) -> str:
    if len(answer) > 2 and answer[0] == answer[-1] == "/":
        return answer[1:-1]
    return rf"(?<![\w.,]){re.escape(answer)}(?!\w|[.,]\d)"  # 5 stands in "is 5." and in neither 5.5 nor 1,005


def program(reply: str, start: str) -> str:
    """The whole function: the code in a reply, after the start that was given where the reply goes on from there."""
    found = _CODE.search(reply)
    code = (found[1] or found[2] or "") if found else reply
    name = start.split("(")[0]
    if name in code:
        return code if found else code[code.index(name) :]
    return f"{start.rstrip()}\n{textwrap.indent(textwrap.dedent(code).strip(), '    ')}"


def passes(code: str, tests: Sequence[str], sandbox: Sandbox) -> bool:
    """Whether all tests are true after a program, in a sandbox whose earlier variables are not in reach of it."""
    with sandbox.branch() as fresh:
        ran = fresh.run(f"{code}\n\n[{', '.join(tests)}]")
    return ran.ok and ran.value == [True] * len(tests)


def questions() -> list[Item]:
    """All questions, by kind."""
    kinds: dict[str, list[dict[str, Any]]] = YamlFile(HERE / "general_questions.yaml").data
    return [
        Item(kind, each["question"], QUESTION_TOKENS, _answers(each)) for kind, all_ in kinds.items() for each in all_
    ]


def _answers(question: dict[str, Any]) -> Callable[[str], bool]:
    return lambda reply: answered(reply, question["answers"])


def programs(sandbox: Sandbox) -> list[Item]:
    """All functions to write."""
    read: list[dict[str, Any]] = YamlFile(HERE / "general_programs.yaml").data
    return [Item("programs", _asked(each["start"]), PROGRAM_TOKENS, _tests(each, sandbox)) for each in read]


def _asked(start: str) -> str:
    return f"Write this Python function. Give the whole function.\n\n```python\n{start}```"


def _tests(function: dict[str, Any], sandbox: Sandbox) -> Callable[[str], bool]:
    return lambda reply: passes(program(reply, function["start"]), function["tests"], sandbox)


def ask(model: Model, items: Sequence[Item]) -> list[Marked]:
    """A model's replies to all items."""
    replies = generate_many(
        model,
        [[Message("user", item.prompt)] for item in items],
        [GenerationOptions(max_tokens=item.tokens) for item in items],
    )
    texts = [_whole(reply) for reply in replies]
    return [Marked(item, text, item.is_right(text)) for item, text in zip(items, texts, strict=True)]


def _whole(reply: Completion) -> str:
    """A reply without the word that was cut at the limit of tokens: 100 may have been meant where it ends with 10."""
    return re.sub(r"\S*$", "", reply.text) if reply.finish_reason == "length" else reply.text


def table(marked: dict[str, list[Marked]]) -> str:
    """Shares of right replies by model and kind."""
    lines = ["| model | asked | n | right | % | 95 % | only this one |", "|---|---|---|---|---|---|---|"]
    for name, replies in marked.items():
        other = next((marked[each] for each in marked if each != name), None)
        for kind in [*dict.fromkeys(each.item.kind for each in replies), "all"]:
            chosen = [place for place, each in enumerate(replies) if kind in (each.item.kind, "all")]
            right = [place for place in chosen if replies[place].right]
            low, high = wilson_interval(len(right), len(chosen))
            alone = "" if other is None else str(sum(not other[place].right for place in right))
            share = 100 * len(right) / len(chosen)
            cells = [f"`{name}`", kind, str(len(chosen)), str(len(right)), f"{share:.1f}"]
            lines.append(f"| {' | '.join([*cells, f'{100 * low:.0f} to {100 * high:.0f}', alone])} |")
    return "\n".join(lines)


def lost(marked: dict[str, list[Marked]]) -> float:
    """Points by which the first model lies below the last one, over all items."""
    shares = [100 * sum(each.right for each in replies) / len(replies) for replies in marked.values()]
    return shares[-1] - shares[0]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["embedded", "embedded-base"], help="as load_model takes them")
    parser.add_argument("--out", type=Path, help="write all replies there, as JSON lines")
    parser.add_argument("--check", action="store_true", help="exit with 1 where the first model lost too much")
    chosen = parser.parse_args(arguments)
    marked: dict[str, list[Marked]] = {}
    with Sandbox(limits=LIMITS) as sandbox:
        items = [*questions(), *programs(sandbox)]
        for name in chosen.models:
            print(f"asking {name} {len(items)} times", file=sys.stderr, flush=True)
            try:
                marked[name] = ask(load_model(name), items)
            except CodeActError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 2
    if chosen.out:
        lines = (
            {
                "model": name,
                "kind": each.item.kind,
                "prompt": each.item.prompt,
                "reply": each.reply,
                "right": each.right,
            }
            for name, replies in marked.items()
            for each in replies
        )
        chosen.out.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
    print(table(marked))
    if len(marked) > 1:
        first, *_, last = marked
        print(f"\n`{first}` lies {lost(marked):.1f} points below `{last}`.")
    return int(chosen.check and lost(marked) > MOST_LOST)


if __name__ == "__main__":
    sys.exit(main())
