"""A YAML file that remembers where it says what. That hostile ones are errors, tests/envs/test_scenes.py holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeact.errors import TaskError, ToolError
from codeact.yaml_files import YamlFile


def test_a_place_is_a_file_a_line_and_a_column(tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    path.write_text("tools:\n  shop: {document: shop.json,\n         allow: [a, b]}\n  1: &x [c]\nothers: *x\n")
    file = YamlFile(path)
    assert file.data["tools"]["shop"]["allow"] == ["a", "b"]
    for keys, place in (
        ((), "1:1"),
        (("tools",), "1:1"),
        (("tools", "shop"), "2:3"),
        (("tools", "shop", "allow"), "3:10"),
        (("tools", "shop", "allow", 1), "3:21"),
        (("tools", "shop", "nothing"), "2:3"),
        (("tools", 1, 0), "4:10"),
        (("others", 0), "4:10"),
    ):
        assert file.place(*keys) == f"{path}:{place}"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    path.write_text("")
    assert YamlFile(path).data is None
    assert YamlFile(path).place("tools") == str(path)


def test_a_key_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    path.write_text("a: 1\nb:\n  - c: 1\n    d: 2\n    c: 3\n")
    with pytest.raises(ToolError, match=r"tools\.yaml: line 5: 'c' is there twice"):
        YamlFile(path, ToolError)
    path.write_text("<<: {a: 1}\na: 2\n1: 3\n'1': 4\n")
    assert YamlFile(path, TaskError).data == {"a": 2, 1: 3, "1": 4}
