"""`Sandbox(imports=...)`: which of the offered modules a session gets."""

from __future__ import annotations

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Sandbox, offered_modules


def test_all_offered_modules_by_default() -> None:
    modules = offered_modules()
    assert {"math", "json", "numpy", "numpy.linalg", "collections.abc", "asyncio"} <= set(modules)
    assert not {"os", "sys.modules", "pandas"} & set(modules)
    with Sandbox() as sandbox:
        tried = sandbox.run("\n".join(f"import {name}" for name in modules if name != "__future__") + "\n1")
        assert tried.value == 1, tried.observation()


def test_a_session_gets_what_it_names_and_what_lies_below() -> None:
    with Sandbox(imports=["math", "numpy"]) as sandbox:
        assert sandbox.run("import math\nimport numpy as np\nfrom numpy import linalg\nmath.sqrt(4)").value == 2
        assert sandbox.run("from __future__ import annotations\n1").value == 1
        for code in ("import json", "from json import loads", "from json import *", "import collections.abc"):
            error = sandbox.run(code).error
            assert error is not None, code
            assert "available here" in error.text
            assert "json" not in error.text.partition("Available:")[2]
        error = sandbox.run("import json").error
        assert error is not None
        assert error.type == "ModuleNotFoundError"
        assert error.message.endswith("Available: math, numpy")
        assert sandbox.run("import numpy.linalg\n1").value == 1
        hint = sandbox.run("json.loads('1')").error
        assert hint is not None
        assert "forget to import" not in hint.message


def test_a_submodule_brings_what_it_lies_in_and_not_its_neighbours() -> None:
    with Sandbox(imports=["numpy.linalg"]) as sandbox:
        assert sandbox.run("import numpy.linalg\nfloat(numpy.linalg.norm([3, 4]))").value == 5.0
        error = sandbox.run("import numpy.random").error
        assert error is not None
        assert error.type == "ModuleNotFoundError"


def test_nothing_at_all() -> None:
    with Sandbox(imports=()) as sandbox:
        assert sandbox.run("sum([1, 2])").value == 3
        error = sandbox.run("import math").error
        assert error is not None
        assert "'math' is not available here" in error.message
        assert error.message.endswith("Available: nothing")


def test_sessions_do_not_narrow_one_another_and_a_branch_keeps_its_own() -> None:
    with Sandbox(imports=["math"]) as narrow, Sandbox() as wide:
        assert narrow.run("import math\n1").ok
        assert wide.run("import json\n1").ok
        with narrow.branch() as other:
            assert other.run("math.pi > 3").value is True
            assert not other.run("import json").ok
        narrow.reset()
        assert not narrow.run("import json").ok


def test_what_is_not_offered_is_refused_with_what_is() -> None:
    with pytest.raises(SandboxError, match=r"imports names 'pandas'.*It offers .*json.*needs a workspace"):
        Sandbox(imports=["math", "pandas"])
    with pytest.raises(SandboxError, match="imports takes a collection of names"):
        Sandbox(imports="math")
    with pytest.raises(SandboxError, match="names of modules"):
        Sandbox(imports=[3])  # type: ignore[list-item]
