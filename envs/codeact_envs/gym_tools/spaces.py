"""Gymnasium's spaces for programs: what an action must be, in words and as data, and values on their way in and out."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from codeact.errors import CodeActError

LONGEST_SHOWN = 6_000
"""Characters of an observation that are shown without being asked for."""
_GOAL_PARTS = {"observation", "achieved_goal", "desired_goal"}
_SHOWN = 8  # bounds written out for each entry of a Box, at most
_PICTURE = 1_000  # numbers from which an array of uint8 is a picture, not a small grid
_MORE_THAN_ENOUGH = 200  # characters of a wrong value that an error shows


class WrongAction(CodeActError, ValueError):
    """An action is not of the environment's action space. The environment did not move."""


def words(space: spaces.Space[Any]) -> str:
    """A space as a reader of a docstring needs it, such as `Discrete(4): an int, 0 to 3`."""
    if isinstance(space, spaces.Discrete):
        first, last = int(space.start), int(space.start + space.n - 1)
        return f"Discrete({space.n}): an int, {first} to {last}"
    if isinstance(space, spaces.Box):
        return f"Box: an array of shape {space.shape} and dtype {space.dtype}, {_bounds(space)}"
    if isinstance(space, spaces.MultiDiscrete):
        low, high = space.start.tolist(), (space.start + space.nvec - 1).tolist()
        return f"MultiDiscrete: an array of ints of shape {space.shape}, entries from {low} to {high}"
    if isinstance(space, spaces.MultiBinary):
        return f"MultiBinary: an array of shape {space.shape} whose entries are 0 or 1"
    if isinstance(space, spaces.Text):
        return f"Text: a str of {space.min_length} to {space.max_length} characters{_characters(space)}"
    if isinstance(space, spaces.Dict):
        return "Dict: a dict with " + "; ".join(f"{key!r}: {words(part)}" for key, part in space.spaces.items())
    if isinstance(space, spaces.Tuple):
        return f"Tuple: a tuple of {len(space.spaces)}: " + "; ".join(map(words, space.spaces))
    if isinstance(space, spaces.Sequence):
        kind = "stacked into one value" if space.stack else "a tuple"
        return f"Sequence: any number of entries, {kind}, each {words(space.feature_space)}"
    if isinstance(space, spaces.OneOf):
        parts = "; ".join(f"{index}: {words(part)}" for index, part in enumerate(space.spaces))
        return f"OneOf: a tuple (index, value), the value as the index says: {parts}"
    if isinstance(space, spaces.Graph):
        edges = words(space.edge_space) if space.edge_space is not None else "none"
        return (
            "Graph: a dict with 'nodes', an array with a row for each node; 'edges', the same for edges, or None; "
            "'edge_links', an array of shape (edges, 2) of node numbers, or None. "
            f"A node is {words(space.node_space)}; an edge is {edges}"
        )
    return f"{type(space).__name__}: such as {_example(space)!r:.{_MORE_THAN_ENOUGH}}"


def description(space: spaces.Space[Any]) -> dict[str, Any]:
    """A space as data: `kind` is its class, the other entries are what that class is made with."""
    facts: dict[str, Any] = {"kind": type(space).__name__}
    if isinstance(space, spaces.Discrete):
        facts |= {"n": int(space.n), "start": int(space.start)}
    elif isinstance(space, spaces.Box):
        facts |= {"shape": space.shape, "dtype": str(space.dtype), "low": space.low.copy(), "high": space.high.copy()}
    elif isinstance(space, spaces.MultiDiscrete):
        facts |= {"nvec": space.nvec.copy(), "start": space.start.copy()}
    elif isinstance(space, spaces.MultiBinary):
        facts |= {"shape": space.shape}
    elif isinstance(space, spaces.Text):
        facts |= {"min_length": space.min_length, "max_length": space.max_length, "characters": space.characters}
    elif isinstance(space, spaces.Dict):
        facts |= {"spaces": {str(key): description(part) for key, part in space.spaces.items()}}
    elif isinstance(space, (spaces.Tuple, spaces.OneOf)):
        facts |= {"spaces": [description(part) for part in space.spaces]}
    elif isinstance(space, spaces.Sequence):
        facts |= {"feature_space": description(space.feature_space), "stack": space.stack}
    elif isinstance(space, spaces.Graph):
        edge = description(space.edge_space) if space.edge_space is not None else None
        facts |= {"node_space": description(space.node_space), "edge_space": edge}
    return facts


def action_of(space: spaces.Space[Any], value: Any) -> Any:
    """What a program passed, as the environment takes it: lists become arrays, ints of the right size.

    Raises:
        WrongAction: it is not of the space; the message says what is.
    """
    try:
        found = _converted(space, value)
        fits = space.contains(found)
    except (TypeError, ValueError, LookupError, OverflowError):
        fits = False
    if not fits:
        shown = repr(value)
        shown = shown if len(shown) <= _MORE_THAN_ENOUGH else shown[:_MORE_THAN_ENOUGH] + "..."
        raise WrongAction(f"the action must be of the action space, {words(space)}; not {shown}")
    return found


def plain(value: Any) -> Any:
    """An observation or an info as plain data: arrays stay arrays, numbers become Python's; the rest becomes text."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        return plain(value.tolist()) if value.dtype == object else value.copy()
    if isinstance(value, spaces.GraphInstance):
        return {"nodes": plain(value.nodes), "edges": plain(value.edges), "edge_links": plain(value.edge_links)}
    if isinstance(value, Mapping):
        return {key if isinstance(key, (str, int)) else str(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, (list, set, frozenset)):
        return [plain(part) for part in value]
    return str(value)


def shown(value: Any) -> str:
    """An observation as text; pictures are named rather than written out, and what is too long is cut."""
    text = str(_without_pictures(plain(value)))
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN]} ... ({len(text):,} characters; observe() gives it all)"


def is_goal_based(space: spaces.Space[Any]) -> bool:
    """Whether it is a Dict with `observation`, `achieved_goal` and `desired_goal`."""
    return isinstance(space, spaces.Dict) and set(space.spaces) >= _GOAL_PARTS


def _without_pictures(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 3 and value.size > _PICTURE:
        return f"picture of shape {value.shape}"
    if isinstance(value, dict):
        return {key: _without_pictures(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_without_pictures, value))
    return value


def _converted(space: spaces.Space[Any], value: Any) -> Any:
    if isinstance(space, spaces.Discrete):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError("no int")
        return np.int64(value)
    if isinstance(space, (spaces.Box, spaces.MultiDiscrete, spaces.MultiBinary)):
        return _array(value, space.dtype)
    if isinstance(space, spaces.Dict):
        if not isinstance(value, Mapping) or set(value) != set(space.spaces):
            raise KeyError("other keys")
        return {key: _converted(part, value[key]) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_converted(part, each) for part, each in zip(space.spaces, value, strict=True))
    if isinstance(space, spaces.Sequence):
        return _array(value, space.feature_space.dtype) if space.stack else _entries(space, value)
    if isinstance(space, spaces.OneOf):
        index, inner = value
        return np.int64(index), _converted(space.spaces[range(len(space.spaces))[index]], inner)
    if isinstance(space, spaces.Graph):
        if not isinstance(value, Mapping):
            raise TypeError("no dict")
        edges, links = value.get("edges"), value.get("edge_links")
        edge_type = space.edge_space.dtype if space.edge_space is not None else None
        return spaces.GraphInstance(
            _array(value["nodes"], space.node_space.dtype),
            None if edges is None else _array(edges, edge_type),
            None if links is None else _array(links, np.dtype(np.int32)),
        )
    return value


def _entries(space: spaces.Sequence, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError("no list")
    return tuple(_converted(space.feature_space, each) for each in value)


def _array(value: Any, dtype: Any) -> Any:
    """The value with another dtype, where that loses nothing but digits of a float."""
    given = np.asarray(value)
    if np.issubdtype(dtype, np.integer) and given.dtype.kind not in "biu" and given.size:
        raise TypeError("not whole numbers")
    found = given.astype(dtype)
    if np.issubdtype(dtype, np.integer) and not np.array_equal(found, given):
        raise ValueError("out of the dtype's range")
    return found


def _bounds(space: spaces.Box) -> str:
    low, high = space.low, space.high
    if low.size and (low == low.flat[0]).all() and (high == high.flat[0]).all():
        return f"entries from {low.flat[0]} to {high.flat[0]}"
    if low.size <= _SHOWN:
        return f"entries from {_numbers(low)} to {_numbers(high)}"
    return f"entries from {low.min()} to {high.max()}, each with bounds of its own"


def _numbers(array: Any) -> str:
    return "[" + ", ".join(str(number) for number in array.flat) + "]"


def _characters(space: spaces.Text) -> str:
    if space.contains("\N{SNOWMAN}" * max(space.min_length, 1)) and "\N{SNOWMAN}" not in space.characters:
        return ""  # some packages have a class of their own, which takes any
    found = "".join(sorted(space.characters))
    return f" of {found if len(found) <= _MORE_THAN_ENOUGH else found[:_MORE_THAN_ENOUGH] + '...'!r}"


def _example(space: spaces.Space[Any]) -> Any:
    """A value of a space of a class that is not Gymnasium's, the same each time; what it prints may have addresses."""
    chosen = copy.deepcopy(space)
    chosen.seed(0)
    return plain(chosen.sample())
