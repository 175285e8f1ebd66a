"""YAML as OpenAPI means it: YAML 1.2 with the values of JSON. Dates, `on` and `no` are strings; merges stay small."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


class _Loader(_Base):  # type: ignore[misc]
    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}

    def flatten_mapping(self, node: Any) -> None:
        """As inherited, but a key is kept once: merges of merges would otherwise grow without end."""
        merges = any(key.tag == f"{_TAG}merge" for key, _ in node.value)
        super().flatten_mapping(node)
        if merges:
            last = {(key.tag, key.value) if isinstance(key.value, str) else id(key): (key, v) for key, v in node.value}
            node.value = list(last.values())


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _tag, re.compile(_pattern), _first)
# PyYAML's own takes 1e3 for a string, and its pattern for floats is the one that is replaced here.
_Loader.add_constructor(_TAG + "float", lambda loader, node: float(loader.construct_scalar(node)))


def parse_yaml(text: bytes) -> Any:
    """What a YAML text says.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: it is no YAML, or nested too deeply.
    """
    return yaml.load(text, Loader=_Loader)
