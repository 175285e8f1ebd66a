"""Language models: messages in, text out, streamed.

`load_model` takes one string and returns a `Model`: the embedded one, any model of the transformers library, any
server that speaks the OpenAI chat protocol, or a script. A model of your own is a class with a `name`, a
`context_tokens` and one method, `generate`.

The names below are loaded on first use, so importing this package needs no optional extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeact.models.batching import BatchingModel as BatchingModel
    from codeact.models.conformance import check_model as check_model
    from codeact.models.embedded import ensure_embedded_model as ensure_embedded_model
    from codeact.models.loading import load_model as load_model
    from codeact.models.many import generate_many as generate_many
    from codeact.models.onnx_model import OnnxModel as OnnxModel
    from codeact.models.openai_compatible import OpenAICompatibleModel as OpenAICompatibleModel
    from codeact.models.protocol import Completion as Completion
    from codeact.models.protocol import ContextOverflow as ContextOverflow
    from codeact.models.protocol import GenerationOptions as GenerationOptions
    from codeact.models.protocol import Message as Message
    from codeact.models.protocol import Model as Model
    from codeact.models.protocol import PicturesRefused as PicturesRefused
    from codeact.models.protocol import StopGeneration as StopGeneration
    from codeact.models.scripted import ScriptedModel as ScriptedModel
    from codeact.models.transformers_model import TransformersModel as TransformersModel
    from codeact.models.vision_model import VisionModel as VisionModel

_HOME = {
    "BatchingModel": "codeact.models.batching",
    "Completion": "codeact.models.protocol",
    "ContextOverflow": "codeact.models.protocol",
    "GenerationOptions": "codeact.models.protocol",
    "Message": "codeact.models.protocol",
    "Model": "codeact.models.protocol",
    "OnnxModel": "codeact.models.onnx_model",
    "OpenAICompatibleModel": "codeact.models.openai_compatible",
    "PicturesRefused": "codeact.models.protocol",
    "ScriptedModel": "codeact.models.scripted",
    "StopGeneration": "codeact.models.protocol",
    "TransformersModel": "codeact.models.transformers_model",
    "VisionModel": "codeact.models.vision_model",
    "check_model": "codeact.models.conformance",
    "ensure_embedded_model": "codeact.models.embedded",
    "generate_many": "codeact.models.many",
    "load_model": "codeact.models.loading",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'codeact.models' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
