"""YAML files from anybody: read within bounds, so that a bad one is a clear error and never a crash or a wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from codeact.errors import CodeActError

_MOST_BYTES = 1_000_000
_DEEPEST = 40  # of lists and mappings in each other; the parsers themselves crash some thousands further down
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlFile:
    """What a YAML file says, and where it says it.

    Attributes:
        path: of the file.
        data: what it says, in plain Python values.
    """

    def __init__(self, path: Path, error: type[CodeActError] = CodeActError) -> None:
        """Read a file.

        Args:
            path: of the file.
            error: the class of the errors.

        Raises:
            CodeActError: of the class `error`. The file is missing, no YAML, larger than 1 MB or nested more than 40
                deep; a mapping has a key twice; or a part that has an anchor has an alias in it, so that it could
                repeat itself without end.
        """
        self.path = path
        self._error = error
        try:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except (OSError, ValueError) as problem:
            raise error(f"{path}: cannot be read: {getattr(problem, 'strerror', None) or problem}") from problem
        if len(content) > _MOST_BYTES:
            raise error(f"{path}: larger than {_MOST_BYTES:,} bytes")
        try:
            text = content.decode("utf-8")
            self._require_bounded(text)
            loader = _Loader(text)
            self._root: yaml.Node | None = loader.get_single_node()
            self._require_distinct_keys()
            self.data: Any = None if self._root is None else loader.construct_document(self._root)
        except (yaml.YAMLError, ValueError) as problem:  # ValueError: no UTF-8, or a number of thousands of digits
            raise error(f"{path}: no YAML: {problem}") from problem

    def place(self, *keys: str | int) -> str:
        """`tools.yaml:3:7`: file, line and column of what these keys lead to, as far as they lead anywhere.

        A value in a mapping is taken to be where its key is.
        """
        node = self._root
        mark = node.start_mark if node is not None else None
        for key in keys:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(key)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
                found = (node.value[key],) * 2
            else:
                found = None
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        return f"{self.path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(self.path)

    def _require_bounded(self, text: str) -> None:
        anchored: list[bool] = []  # of each list and mapping that is open: whether it, or one around it, has an anchor
        for event in yaml.parse(text, Loader=_Loader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                anchored.append(event.anchor is not None or (bool(anchored) and anchored[-1]))
                if len(anchored) > _DEEPEST:
                    raise self._error(f"{self.path}: line {line}: nested more than {_DEEPEST} deep")
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                anchored.pop()
            elif isinstance(event, yaml.AliasEvent) and anchored and anchored[-1]:
                raise self._error(
                    f"{self.path}: line {line}: *{event.anchor} stands in a part that has an anchor itself; "
                    "write it out"
                )

    def _require_distinct_keys(self) -> None:
        waiting, met = [self._root], set[int]()
        while waiting:
            node = waiting.pop()
            if id(node) in met:
                continue
            met.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
            elif isinstance(node, yaml.MappingNode):
                keys = set[tuple[str, str]]()
                for key, value in node.value:
                    waiting.append(value)
                    if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in keys:
                        raise self._error(f"{self.path}: line {key.start_mark.line + 1}: {key.value!r} is there twice")
                    if isinstance(key, yaml.ScalarNode):
                        keys.add((key.tag, key.value))


def read_yaml(path: Path, error: type[CodeActError] = CodeActError) -> Any:
    """What a YAML file says. Errors as for `YamlFile`."""
    return YamlFile(path, error).data
