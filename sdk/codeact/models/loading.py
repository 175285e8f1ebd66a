"""`load_model`: one string names any model."""

from __future__ import annotations

from pathlib import Path

from codeact.errors import ModelError
from codeact.models.protocol import Model

FORMS = "`embedded`, `hf:<repository or folder>`, `openai:<base url>#<model>` or `scripted:<file>`"


def load_model(name: str) -> Model:
    """Load the model that `name` names.

    Args:
        name: `embedded` (SmolLM2-135M-Instruct, fetched once), `hf:<repository or folder>` (any causal language model
            that transformers can load), `openai:<base url>#<model>` (any server that speaks the OpenAI chat
            protocol), or `scripted:<file>` (replays a file of replies).

    Raises:
        ModelError: the name has none of these forms, or that model cannot be loaded.
    """
    kind, colon, rest = name.strip().partition(":")
    if kind == "embedded" and not colon:
        from codeact.models.embedded import load_embedded_model

        return load_embedded_model()
    if kind == "hf" and rest:
        from codeact.models.transformers_model import TransformersModel

        return TransformersModel(rest)
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
    raise ModelError(f"no model is named {name!r}; a name is {FORMS}")
