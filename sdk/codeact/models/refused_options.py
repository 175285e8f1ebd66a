"""What a server does not take of a request: some models know no temperature, and count `max_completion_tokens`."""

from __future__ import annotations

import json
import re
import threading
import warnings
from collections.abc import Mapping
from typing import Any

from codeact.errors import ModelError

CODES = frozenset({"unsupported_parameter", "unsupported_value"})
_IN_WORDS = re.compile(r"Unsupported (?:parameter|value): '(\w+)")
_OTHER_NAMES = {"max_tokens": "max_completion_tokens"}
_MAY_BE_LEFT_OUT = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed", "stop", "stream_options"}
)


class OptionRefused(ModelError):
    """The server takes no such option, or not with this value. Nothing was generated."""

    def __init__(self, message: str, option: str) -> None:
        super().__init__(message)
        self.option = option


def refused_option(content: str, body: Mapping[str, object]) -> str | None:
    """The option of a request that the body of an error (status 400) refuses, as OpenAI's API says it; else None."""
    try:
        error = json.loads(content)["error"]
        named = error.get("param") if error.get("code") in CODES else None
        found = named or _IN_WORDS.match(error["message"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    option = found.group(1) if isinstance(found, re.Match) else str(found).partition(".")[0]
    return option if option in body else None


class TakenOptions:
    """What one server takes of a request, as far as it has said so."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._refused: frozenset[str] = frozenset()  # replaced whole: another thread may be fitting a request
        self._lock = threading.Lock()

    def fit(self, body: Mapping[str, object]) -> dict[str, Any]:
        """The request without what was refused, or with that by its other name."""
        refused = self._refused
        named = {_OTHER_NAMES.get(name, name) if name in refused else name: body[name] for name in body}
        return {name: value for name, value in named.items() if name not in refused}

    def learn(self, refused: OptionRefused) -> bool:
        """Whether the request can do without. What is left out, and changes replies, is warned of once."""
        option = refused.option
        if option not in _OTHER_NAMES and option not in _MAY_BE_LEFT_OUT:
            return False
        with self._lock:
            new = option not in self._refused
            self._refused |= {option}
        if new and option not in _OTHER_NAMES and option != "stream_options":
            warnings.warn(f"{self._model} does not take the option {option}, and is asked without it", stacklevel=2)
        return True
