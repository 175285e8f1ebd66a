"""Answers of a model to general questions: so that a model which learns to act can still speak afterwards."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.collecting.errors import CollectionError
from codeact.collecting.records import VERSION, ConversationFile
from codeact.yaml_files import YamlFile

if TYPE_CHECKING:
    from codeact.models.protocol import Model


def read_prompts(path: Path) -> dict[str, tuple[str, ...]]:
    """Questions by kind, from a YAML file: a mapping of kinds to lists, or a list.

    Raises:
        CollectionError: there is no such file, or it is wrong.
    """
    data = YamlFile(path, CollectionError).data
    kinds: Mapping[Any, Any] = {"general": data} if isinstance(data, list) else data if isinstance(data, dict) else {}
    for kind, prompts in kinds.items():
        if not isinstance(prompts, list) or not all(isinstance(each, str) and each.strip() for each in prompts):
            raise CollectionError(f"{path}: {kind} must be a list of questions, each a text")
    if not any(kinds.values()):
        raise CollectionError(f"{path}: questions are a list of texts, or a mapping of kinds to such lists")
    return {str(kind): tuple(prompts) for kind, prompts in kinds.items()}


def answer_prompts(
    prompts: Mapping[str, tuple[str, ...]],
    model: Model,
    out: Path,
    *,
    max_tokens: int = 256,
    temperature: float = 0.0,
    workers: int = 1,
    resume: bool = False,
    on_progress: Callable[[int, int, int], None] | None = None,
) -> tuple[int, Counter[str]]:
    """Let a model answer each question once, and keep what it says, without a system prompt.

    Answers that are empty, that hold a program to be run, or that end at the limit of tokens are dropped.

    Args:
        prompts: questions by kind.
        model: who answers.
        out: the file of conversations; each line holds `question` and `answer` beside the messages.
        max_tokens: of an answer. temperature: 0 is greedy.
        workers: questions that are asked at the same time, for a model that answers several together.
        resume: go on with what `out` holds.
        on_progress: told how many are done, how many there are, and how many were kept.

    Returns:
        How many conversations the file holds, and why others were dropped.

    Raises:
        CollectionError: the file cannot be written, or is of other questions.
        ModelError: the model does not answer.
    """
    from codeact.models.protocol import Completion, GenerationOptions, Message

    asked = [(kind, text) for kind, texts in prompts.items() for text in texts]
    settings = [asked, model.name, max_tokens, temperature]
    identity = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
    options = GenerationOptions(max_tokens=max_tokens, temperature=temperature, seed=0)

    def ask(text: str) -> Completion:
        return model.generate([Message("user", text)], options)

    with ConversationFile(out, collection=identity, resume=resume) as file, ThreadPoolExecutor(workers) as pool:
        kept = len(file.kept)
        dropped = Counter(str(each["why"]) for each in file.dropped)
        begin = 1 + max((each["number"] for each in (*file.kept, *file.dropped)), default=-1)
        answers = pool.map(ask, [text for _, text in asked[begin:]])
        for number, completion in enumerate(answers, begin):
            kind, text = asked[number]
            answer = completion.text.strip()
            why = _unfit(answer, completion.finish_reason)
            base = {"version": VERSION, "number": number, "task": f"general/{kind}", "seed": 0}
            if why:
                file.drop({**base, "why": why, "question": text, "answer": answer})
                dropped[why] += 1
            else:
                messages = [
                    {"role": "user", "content": text},
                    {"role": "assistant", "content": answer, "learn": True},
                ]
                said = {"messages": messages, "question": text, "answer": answer}
                file.keep({**base, **said, "source": "general", "model": model.name})
                kept += 1
            if on_progress is not None:
                on_progress(number + 1, len(asked), kept)
    return kept, dropped


def _unfit(answer: str, finish_reason: str) -> str:
    if not answer:
        return "empty"
    if finish_reason != "stop":
        return "cut off"
    return "holds a program to be run" if "<execute>" in answer else ""
