"""Faults for programs: each makes a reference program go wrong as a model's program would, and says how it is mended.

A fault is a function of the program and of chance. It gives a `Faulty`, or None where the program has no place for it.
Whether the fault shows, and whether its mending succeeds, is seen in the episode.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from codeact.collecting.source import Source, called


@dataclass(frozen=True)
class Faulty:
    """A program with a fault.

    Attributes:
        text: the program, or with `odd` the whole reply.
        mended: what may be said in the next turn, in the order in which it is tried; empty: the reference program.
        wrong: what was wrong, in a few words, such as a name; for a sentence about it.
        right: what it should have been.
        learn: it is worth learning as well: it was no mistake to begin so.
        odd: the reply holds no program that can be run.
        cut: the reply ends at the limit of its tokens.
        perturb: what must go wrong in the world for it.
    """

    text: str
    mended: tuple[str, ...] = ()
    wrong: str = ""
    right: str = ""
    learn: bool = False
    odd: bool = False
    cut: bool = False
    perturb: str | None = None


Chance = random.Random
Fault = Callable[[Source, Chance], Faulty | None]


def misspelt_tool(source: Source, chance: Chance) -> Faulty | None:
    """A tool is called by a name that it does not have."""
    if not source.early_calls:
        return None
    call = chance.choice(source.early_calls)
    name = called(call)
    place = chance.randrange(1, len(name)) if len(name) > 1 else 1
    wrong = chance.choice(
        [
            name[:place] + name[place + 1 :],
            name.replace("_", ""),
            re.sub(r"_(\w)", lambda match: match[1].upper(), name),
            f"{name}_object",
            f"get_{name}",
            f"robot.{name}",
            f"do_{name}",
            f"{name}s",
        ]
    )
    if wrong in source.effects or wrong == name:
        return None
    return Faulty(source.replaced(call.func, wrong), wrong=wrong, right=name)


def other_wording(source: Source, chance: Chance) -> Faulty | None:
    """A name from the instruction is written otherwise than the tools know it."""
    texts = {
        name: value
        for name, assign in source.head.items()
        if isinstance(assign.value, ast.Constant) and isinstance(value := assign.value.value, str) and value
    }
    if not texts:
        return None
    name = chance.choice(sorted(texts))
    value = texts[name]
    wrong = chance.choice(
        [
            f"the {value}",
            value.replace(" ", "_"),
            value.title(),
            f"{value}s",
            f"{value} 1",
            value.split()[-1],
            f"a {value}",
        ]
    )
    if wrong == value:
        return None
    return Faulty(source.replaced(source.head[name].value, repr(wrong)), wrong=repr(wrong), right=repr(value))


def wrong_unit(source: Source, chance: Chance) -> Faulty | None:
    """Centimetres where metres are meant."""
    divided = [
        node
        for node in source.walk(ast.BinOp)
        if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and node.right.value in (100, 1000)
    ]
    lengths = [
        (node, value)
        for node in source.walk(ast.Constant)
        if isinstance(value := node.value, float) and 0.005 < value < 1 and round(value * 100, 6) % 0.5 == 0
    ]
    if divided and (not lengths or chance.random() < 0.7):
        node = chance.choice(divided)
        return Faulty(source.replaced(node, source.of(node.left)), wrong=source.of(node.left), right=source.of(node))
    if not lengths:
        return None
    length, metres = chance.choice(lengths)
    wrong = f"{metres * 100:g}"
    return Faulty(source.replaced(length, wrong), wrong=wrong, right=source.of(length))


def forgotten_import(source: Source, chance: Chance) -> Faulty | None:
    """A module is used and not imported."""
    imports = [node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if not imports:
        return None
    statement = chance.choice(imports)
    return Faulty(source.without(statement), wrong=statement.names[0].name, right=source.of(statement))


def missing_argument(source: Source, chance: Chance) -> Faulty | None:
    """A tool is called without one of its arguments."""
    calls = [call for call in source.early_calls if call.args and not call.keywords]
    if not calls:
        return None
    call = chance.choice(calls)
    left = ", ".join(source.of(argument) for argument in call.args[:-1])
    wrong = f"{called(call)}({left})"
    return Faulty(source.replaced(call, wrong), wrong=wrong, right=source.of(call))


def unexpected_argument(source: Source, chance: Chance) -> Faulty | None:
    """A tool is called with an argument that it does not take."""
    calls = [call for call in source.early_calls if not any(isinstance(each, ast.Starred) for each in call.args)]
    if not calls:
        return None
    call = chance.choice(calls)
    extra = chance.choice(["force=10", "wait=True", "timeout=5", "safe=True", "gripper='open'", "verbose=True"])
    given = [source.of(each) for each in call.args]
    given += [f"{each.arg}={source.of(each.value)}" for each in call.keywords if each.arg]
    wrong = f"{called(call)}({', '.join([*given, extra])})"
    return Faulty(source.replaced(call, wrong), wrong=extra.partition("=")[0], right=source.of(call))


def absent_attribute(source: Source, chance: Chance) -> Faulty | None:
    """What a tool gave is asked for an attribute or a key that it does not have."""
    found: list[tuple[ast.AST, str]] = [
        (node, f"{source.of(node.value)}.{'xyz'[index]}") for node, index in _indexed(source) if index in (0, 1, 2)
    ]
    for attribute in source.walk(ast.Attribute):
        if isinstance(attribute.value, ast.Name | ast.Call) and isinstance(attribute.ctx, ast.Load):
            of = source.of(attribute.value)
            found += [(attribute, f"{of}[{attribute.attr!r}]"), (attribute, f"{of}.{attribute.attr}_value")]
    for assign in source.walk(ast.Assign):
        match assign:
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(), *_])], value=ast.Call() as call) if (
                call in source.calls
            ):
                found.append((call, f"{source.of(call)}.position"))
    if not found:
        return None
    node, wrong = chance.choice(found)
    return Faulty(source.replaced(node, wrong), wrong=wrong, right=source.of(node))


def wrong_unpacking(source: Source, chance: Chance) -> Faulty | None:
    """More or fewer values are taken out of what a tool gave than it holds."""
    targets = [
        assign.targets[0]
        for assign in source.walk(ast.Assign)
        if isinstance(assign.targets[0], ast.Tuple) and len(assign.targets[0].elts) > 1 and assign.value in source.calls
    ]
    if not targets:
        return None
    target = chance.choice(targets)
    assert isinstance(target, ast.Tuple)
    wrong = ", ".join(source.of(each) for each in target.elts[:-1])
    return Faulty(source.replaced(target, wrong), wrong=wrong, right=source.of(target))


def unknown_variable(source: Source, chance: Chance) -> Faulty | None:
    """A variable is used that was not assigned."""
    uses = [node for node in source.walk(ast.Name) if node.id in source.head and isinstance(node.ctx, ast.Load)]
    uses = [node for node in uses if node not in source.late]
    if not uses:
        return None
    node = chance.choice(uses)
    if chance.random() < 0.5:
        return Faulty(source.without(source.head[node.id]), wrong=node.id, right=source.of(source.head[node.id]))
    wrong = chance.choice([f"{node.id}_name", f"the_{node.id}", f"{node.id}1", f"my_{node.id}", node.id.upper()])
    return Faulty(source.replaced(node, wrong), wrong=wrong, right=node.id)


def outside_of_loop(source: Source, chance: Chance) -> Faulty | None:
    """What belongs into a loop stands beside it."""
    loops = [node for node in source.body if isinstance(node, ast.For) and not node.orelse]
    if not loops:
        return None
    loop = chance.choice(loops)
    lines = source.text.split("\n")
    last = loop.body[-1]
    begin = loop.lineno if len(loop.body) == 1 else last.lineno - 1
    end = loop.end_lineno or len(lines)
    moved = [line.removeprefix("    ") for line in lines[begin:end]]
    kept = lines[: loop.lineno - 1] if len(loop.body) == 1 else lines[:begin]
    return Faulty("\n".join([*kept, *moved, *lines[end:]]), wrong=source.of(last).partition("\n")[0], right="")


def half_a_loop(source: Source, chance: Chance) -> Faulty | None:
    """The program goes through a part of what it should go through."""
    loops = [
        node
        for node in source.body
        if isinstance(node, ast.For) and (isinstance(node.iter, ast.Name) or node.iter in source.calls)
    ]
    if not loops:
        return None
    loop = chance.choice(loops)
    part = f"{source.of(loop.iter)}[:{chance.choice([1, 1, 2])}]"
    return Faulty(source.replaced(loop.iter, part), wrong=part, right=source.of(loop.iter))


def half_done(source: Source, chance: Chance) -> Faulty | None:
    """The program ends after some of its statements; the rest follows, with the variables that are there."""
    plain = [number for number, each in enumerate(source.body) if number and not isinstance(each, ast.FunctionDef)]
    if not plain:
        return None
    rest = source.body[chance.choice(plain)]
    return Faulty(source.before(rest).rstrip(), mended=(source.since(rest), source.text))


def look_first(source: Source, chance: Chance) -> Faulty | None:
    """The program only prints what it finds, and the next one acts."""
    if not source.looks:
        return None
    look = chance.choice(source.looks)
    names = {node.id for node in ast.walk(ast.parse(look)) if isinstance(node, ast.Name)}
    said = [source.of(assign) for name, assign in source.head.items() if name in names]
    return Faulty("\n".join([*said, f"print({look})"]), learn=True)


def printed_answer(source: Source, chance: Chance) -> Faulty | None:
    """The answer is printed, and `finish` is not called."""
    ends = [node for node in source.walk(ast.Call) if called(node) == "finish" and len(node.args) == 1]
    if len(ends) != 1:
        return None
    wrong = f"print({source.of(ends[0].args[0])})"
    return Faulty(source.replaced(ends[0], wrong), mended=(source.of(ends[0]), source.text))


def joined_with_text(source: Source, chance: Chance) -> Faulty | None:
    """What a tool gave is added to a text."""
    if not source.looks:
        return None
    look = chance.choice(source.looks)
    words = chance.choice(["found: ", "it is at ", "result: ", "I see "])
    line = f'print("{words}" + {look})'
    return Faulty("\n".join([_up_to_body(source), line, _body(source)]).lstrip("\n"), wrong=look, right=f"str({look})")


def exception(source: Source, chance: Chance) -> Faulty | None:
    """A plain exception: a division by zero, an index that is too large, a key that is not there."""
    found = [(node, f"{source.of(node.value)}[{10 + index}]") for node, index in _indexed(source)]
    if found and chance.random() < 0.6:
        node, wrong = chance.choice(found)
        return Faulty(source.replaced(node, wrong), wrong=wrong, right=source.of(node))
    line = chance.choice(
        [
            "done = 0\nprint(100 / done)",
            "steps = []\nprint(sum(steps) / len(steps))",
            "found = []\nprint(found[0])",
            "places = {}\nprint(places['goal'])",
            "count = int('two')",
        ]
    )
    return Faulty("\n".join([_up_to_body(source), line, _body(source)]).lstrip("\n"), wrong=line.split("\n")[-1])


def syntax(source: Source, chance: Chance) -> Faulty | None:
    """The program cannot be read: a colon, a bracket or a quote is missing."""
    lines = source.text.split("\n")
    blocks = [number for number, line in enumerate(lines) if line.rstrip().endswith(":")]
    brackets = [number for number, line in enumerate(lines) if line.rstrip().endswith(")")]
    if blocks and chance.random() < 0.5:
        number = chance.choice(blocks)
        lines[number] = lines[number].rstrip()[:-1]
        what = "a colon"
    elif brackets:
        number = chance.choice(brackets)
        lines[number] = lines[number].rstrip()[:-1]
        what = "a bracket"
    else:
        return None
    return Faulty("\n".join(lines), wrong=what)


def without_retry(source: Source, chance: Chance) -> Faulty | None:
    """A grasp is missed, and the program does not try again."""
    loops = [
        node
        for node in source.walk(ast.For)
        if isinstance(node.iter, ast.Call) and called(node.iter) == "range" and len(node.iter.args) == 1
    ]
    loops = [node for node in loops if any(inner in source.calls for inner in ast.walk(node))]
    if not loops:
        return None
    return Faulty(source.replaced(loops[0].iter, "range(1)"), perturb="failed_grasp", wrong="the grasp")


def exchanged(source: Source, chance: Chance) -> Faulty | None:
    """Two names of the instruction are taken for one another."""
    texts = [name for name, each in source.head.items() if source.of(each.value)[:1] in "\"'"]
    if len(texts) < 2:
        return None
    one, other = chance.sample(texts, 2)
    swapped = Source(source.replaced(source.head[one].value, source.of(source.head[other].value)), source.effects)
    text = swapped.replaced(swapped.head[other].value, source.of(source.head[one].value))
    return Faulty(text, wrong=one, right=other)


def stopped_midway(source: Source, chance: Chance) -> Faulty | None:
    """The first of two actions was done when the second one failed: only the second is to be done then."""
    found: list[tuple[ast.BoolOp, ast.Call]] = []
    for statement in source.body:
        once = statement.body[0] if isinstance(statement, ast.For) and _counts(statement) else statement
        if isinstance(once, ast.If) and isinstance(both := once.test, ast.BoolOp) and isinstance(both.op, ast.And):
            second = both.values[1]
            if isinstance(second, ast.Call) and second in source.calls and both.values[0] in source.calls:
                found.append((both, second))
    if not found:
        return None
    both, second = chance.choice(found)
    wrong = chance.choice([f"{called(second)}_object", f"robot.{called(second)}", f"do_{called(second)}"])
    rest = " and ".join(source.of(each) for each in both.values[1:])
    return Faulty(
        source.replaced(second.func, wrong), (source.replaced(both, rest),), wrong=wrong, right=called(second)
    )


def _counts(loop: ast.For) -> bool:
    """Whether it does the same again: `for attempt in range(2)`."""
    return isinstance(loop.iter, ast.Call) and called(loop.iter) == "range"


def unmarked(source: Source, chance: Chance) -> Faulty | None:
    """The reply is a program without its marks."""
    return Faulty(source.text, odd=True)


def words_alone(source: Source, chance: Chance) -> Faulty | None:
    """The reply says what is to be done, and does nothing."""
    return Faulty(
        chance.choice(
            ["I will do that now.", "Sure! Here is what I will do.", "I can do this.", "Okay.", "First I will look."]
        ),
        odd=True,
    )


def cut_off(source: Source, chance: Chance) -> Faulty | None:
    """The reply ends at the limit of its tokens, in the middle of the program."""
    return Faulty(f"<execute>\n{source.text[: len(source.text) * 2 // 3]}", odd=True, cut=True)


def _indexed(source: Source) -> list[tuple[ast.Subscript, int]]:
    """Where something is taken by its number."""
    return [
        (node, index)
        for node in source.walk(ast.Subscript)
        if isinstance(node.slice, ast.Constant)
        and isinstance(index := node.slice.value, int)
        and isinstance(node.ctx, ast.Load)
    ]


def _up_to_body(source: Source) -> str:
    return source.before(source.body[0]).rstrip("\n") if source.body else source.text


def _body(source: Source) -> str:
    return source.since(source.body[0]) if source.body else ""


FAULTS: dict[str, tuple[float, Fault]] = {
    "misspelt_tool": (1.0, misspelt_tool),
    "other_wording": (1.0, other_wording),
    "wrong_unit": (2.0, wrong_unit),
    "forgotten_import": (2.0, forgotten_import),
    "missing_argument": (0.7, missing_argument),
    "unexpected_argument": (0.7, unexpected_argument),
    "absent_attribute": (1.0, absent_attribute),
    "wrong_unpacking": (0.7, wrong_unpacking),
    "unknown_variable": (1.0, unknown_variable),
    "outside_of_loop": (0.7, outside_of_loop),
    "half_a_loop": (0.7, half_a_loop),
    "half_done": (0.5, half_done),
    "look_first": (1.0, look_first),
    "printed_answer": (1.0, printed_answer),
    "joined_with_text": (0.5, joined_with_text),
    "exception": (0.6, exception),
    "syntax": (0.8, syntax),
    "missed_grasp": (1.0, without_retry),
    "exchanged": (0.6, exchanged),
    "unmarked": (0.3, unmarked),
    "words_alone": (0.3, words_alone),
    "cut_off": (0.1, cut_off),
}
"""By name: how likely it is beside the others, and the fault."""
