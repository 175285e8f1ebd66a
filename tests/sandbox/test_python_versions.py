"""What each version of Python brings: a new attribute, statement or built-in that nobody has looked at fails here."""

from __future__ import annotations

import sys
from collections import namedtuple
from collections.abc import Iterator

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Sandbox, levels


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_this_version_is_verified() -> None:
    assert sys.version_info[:2] in levels.VERIFIED_PYTHONS


def test_the_filter_is_missing_on_a_version_that_was_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    version = namedtuple("version_info", "major minor micro releaselevel serial")
    monkeypatch.setattr(sys, "version_info", version(3, 99, 0, "final", 0))
    levels.level.cache_clear()
    try:
        with pytest.raises(SandboxError, match=r"'filter' is missing: .* not been verified on CPython 3\.99"):
            levels.require(())
        with pytest.raises(SandboxError, match=r"use CPython 3\.11, 3\.12, 3\.13\. .*without=\('filter',\)"):
            levels.require(())
        levels.require(("filter",))
    finally:
        monkeypatch.undo()
        levels.level.cache_clear()


CALLS_THAT_IMPORT = {
    "strptime of datetime": ("from datetime import datetime\ndatetime.strptime('2024-01-02', '%Y-%m-%d').day", 2),
    "strptime of time": ("import time\ntime.strptime('2024', '%Y').tm_year", 2024),
    "division of long integers": ("(10**30_000 // 3**40_000) % 1000", 10**30_000 // 3**40_000 % 1000),
    "a mean": ("import numpy as np\nfloat(np.arange(3.0).mean())", 1.0),
    "a dtype of fields": ("import numpy as np\nlen(np.zeros(2, dtype='f8,i4'))", 2),
}


@pytest.mark.parametrize("name", CALLS_THAT_IMPORT)
def test_a_built_in_function_may_import_for_itself(sandbox: Sandbox, name: str) -> None:
    code, expected = CALLS_THAT_IMPORT[name]
    execution = sandbox.run(code)
    assert execution.error is None, execution.error.text if execution.error else ""
    assert execution.value == expected


@pytest.mark.parametrize("module", ["_strptime", "_pylong", "numpy._core", "os", "sys.monitoring", "_interpreters"])
def test_what_a_function_imports_is_not_offered(sandbox: Sandbox, module: str) -> None:
    execution = sandbox.run(f"import {module}")
    assert execution.error is not None
    assert execution.error.type == "ModuleNotFoundError"
