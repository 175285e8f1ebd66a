"""Values in a form that JSON can hold, for traces: to be read and compared, and never made into values again."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import math
from typing import Any

import numpy as np

from codeact.values.forms import MAX_DEPTH
from codeact.values.image import Image

_JSON_INT_BITS = 14_000  # Python writes no more than 4300 digits


def to_json(value: Any) -> Any:
    """A form of a value that JSON can hold and that documents itself, for traces. It never fails.

    Arrays become `{"ndarray": {"shape", "dtype", "data"}}` (above 256 elements a SHA-256 of the bytes instead of the
    data), images their size and SHA-256, dataclasses `{"type": name, ...fields}`, what JSON lacks a map with one
    telling key. Equal values have equal forms in every process: the items of a set are sorted by their form.
    """
    return _to_json(value, 0)


def _to_json(value: Any, depth: int) -> Any:
    if value is None or type(value) in (bool, str):
        return value
    if depth >= MAX_DEPTH:
        return {"too_deep": type(value).__name__}
    if isinstance(value, enum.Enum):
        return {"type": type(value).__name__, "member": value.name}
    if isinstance(value, str):
        return str(value)
    if type(value) is int:
        if value.bit_length() <= _JSON_INT_BITS:
            return value
        data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        return {"int": {"bits": value.bit_length(), "sha256": _sha256(data)}}
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if type(value) is complex:
        return {"complex": [_to_json(value.real, depth + 1), _to_json(value.imag, depth + 1)]}
    if isinstance(value, (list, tuple)):
        items = [_to_json(item, depth + 1) for item in value]
        return items if isinstance(value, list) else {type(value).__name__: items}
    if isinstance(value, (set, frozenset)):
        return {type(value).__name__: sorted((_to_json(item, depth + 1) for item in value), key=repr)}
    if isinstance(value, dict):
        if all(type(key) is str for key in value):
            return {key: _to_json(item, depth + 1) for key, item in value.items()}
        return {"dict": [[_to_json(key, depth + 1), _to_json(item, depth + 1)] for key, item in value.items()]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()} if len(value) <= 256 else {"bytes": len(value), "sha256": _sha256(value)}
    if isinstance(value, Image):
        return {"image": [value.width, value.height], "sha256": _sha256(value.array.tobytes())}
    if isinstance(value, np.generic):
        return {"numpy": str(value.dtype), "value": _to_json(value.item(), depth + 1)}
    if isinstance(value, np.ndarray):
        entry: dict[str, Any] = {"shape": list(value.shape), "dtype": str(value.dtype)}
        if value.size <= 256 and value.dtype.kind in "biuf":
            entry["data"] = _to_json(value.tolist(), depth + 1)
        else:
            entry["sha256"] = _sha256(np.ascontiguousarray(value).tobytes())
        return {"ndarray": entry}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _to_json(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    return {"unsupported": type(value).__name__}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
