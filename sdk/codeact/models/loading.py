"""`load_model`: one string names any model."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from codeact.errors import ModelError
from codeact.models.protocol import Model

if TYPE_CHECKING:
    from codeact.models.transformers_model import TransformersModel

FORMS = (
    "`embedded`, `embedded-base`, `hf:<repository or folder>`, `vision:<repository or folder>`, "
    "`openai:<base url>#<model>`, `scripted:<file>` or `kept:<file>#<model>`"
)
KINDS = "codeact.models"
"""Group of entry points by which another package offers models: a kind, and a function from the rest to a `Model`."""

EMBEDDED = ("embedded", "embedded-base")
_NUMBERS = ("rows", "threads")
_LOCAL = ("adapter", "device", "dtype", "quantization", *_NUMBERS)


def load_model(name: str) -> Model:
    """Load the model that `name` names.

    Args:
        name: `embedded` (SmolLM2-135M-Instruct, fetched once, with this package's adapter), `embedded-base` (without
            the adapter), `hf:<repository or folder>` (any causal language model
            that transformers can load), `vision:<repository or folder>` (one that reads pictures, too),
            `openai:<base url>#<model>` (any server that speaks the OpenAI chat protocol), `scripted:<file>` (replays a
            file of replies), `kept:<file>#<model>` (any of the others, its greedy replies kept in a file, and read from
            there when the same is asked again), or `<kind>:<rest>` with a kind of an installed package (entry points in
            the group `codeact.models`). The first three take options, as in
            `hf:<folder>?adapter=<folder>&dtype=float32&rows=16`: `adapter`, `device`, `dtype`, `quantization` and
            `threads` as `TransformersModel` has them; `rows` makes it a `BatchingModel`;
            `embedded?engine=onnxruntime` is the embedded model in 4-bit integers.

    Raises:
        ModelError: the name has none of these forms, or that model cannot be loaded.
    """
    kind, colon, rest = name.strip().partition(":")
    if is_embedded(kind) and (not colon or "?" in kind):
        from codeact.models.embedded import load_embedded_model

        base = kind.partition("?")[0] != EMBEDDED[0]
        options = _options(name.strip().partition("?")[2], name, also=("engine",))
        if (engine := options.pop("engine", "transformers")) != "transformers":
            return _on_another_engine(engine, options, base=base)
        return _in_rows(options, lambda: load_embedded_model(base=base, **options))
    if kind == "hf" and (path := rest.partition("?")[0]):
        from codeact.models.transformers_model import TransformersModel

        options = _options(rest.partition("?")[2], name)
        return _in_rows(options, lambda: TransformersModel(path, **options))
    if kind == "vision" and rest:
        from codeact.models.vision_model import VisionModel

        return VisionModel(rest)
    if kind == "openai" and rest:
        from codeact.models.openai_compatible import OpenAICompatibleModel

        base_url, mark, model = rest.partition("#")
        if not mark or not model:
            raise ModelError(
                f"no model in {name!r}; write openai:<base url>#<model>, such as openai:http://localhost:8000/v1#my-model"
            )
        return OpenAICompatibleModel(base_url, model)
    if kind == "scripted" and rest:
        from codeact.models.scripted import ScriptedModel

        return ScriptedModel(Path(rest))
    if kind == "kept" and rest:
        from codeact.models.kept_replies import KeptReplies

        file, mark, other = rest.partition("#")
        if not (mark and file and other):
            raise ModelError(
                f"no file and model in {name!r}; write kept:<file>#<model>, such as kept:replies.jsonl#embedded"
            )
        return KeptReplies(Path(file), lambda: load_model(other), name=other)
    if colon and rest:
        for entry in entry_points(group=KINDS, name=kind):
            return _of_another_package(entry, rest)
    others = sorted({entry.name for entry in entry_points(group=KINDS)})
    also = f"; installed packages add {', '.join(f'{other}:<rest>' for other in others)}" if others else ""
    raise ModelError(f"no model is named {name!r}; a name is {FORMS}{also}")


def is_embedded(name: str) -> bool:
    """Whether a model's name, with options or without, is one of the embedded model."""
    return name.partition("?")[0] in EMBEDDED


def _in_rows(options: dict[str, Any], load: Callable[[], TransformersModel]) -> Model:
    rows = options.pop("rows", None)
    model = load()
    if rows is None:
        return model
    from codeact.models.batching import BatchingModel

    return BatchingModel(model, rows)


def _on_another_engine(engine: str, options: dict[str, Any], *, base: bool) -> Model:
    from codeact.models.embedded import load_embedded_onnx_model

    if engine != "onnxruntime":
        raise ModelError(f"unknown engine {engine!r}; one of onnxruntime, transformers")
    if other := sorted(set(options) - {"threads"}):
        raise ModelError(f"the engine onnxruntime has no {other[0]!r}: it takes threads only")
    return load_embedded_onnx_model(**options, base=base)


def _options(text: str, name: str, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """What stands behind the question mark."""
    known = sorted((*_LOCAL, *also))
    options: dict[str, Any] = dict(parse_qsl(text, keep_blank_values=True))
    for key, value in options.items():
        if key not in known:
            raise ModelError(f"no option is called {key!r} in {name!r}; there are {', '.join(known)}")
        if key in _NUMBERS:
            if not value.isdecimal():
                raise ModelError(f"{key} is {value!r} in {name!r}; it must be a number")
            options[key] = int(value)
        elif not value:
            raise ModelError(f"{key} is empty in {name!r}")
    return options


def _of_another_package(entry: Any, rest: str) -> Model:
    try:
        model = entry.load()(rest)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"the model {entry.name}:{rest} of {entry.value} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(model, Model):
        raise ModelError(f"{entry.value} made a {type(model).__name__} and not a model: see codeact.models.check_model")
    return model
