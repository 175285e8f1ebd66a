"""Documents of others: every operation becomes a function, with stubs that Python and a type checker accept."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from codeact.models.embedded import ensure_embedded_model
from codeact_adapters import openapi

FOLDER = Path(__file__).parent / "documents"
OPERATIONS = {
    "complex-nesting.yaml": 5,
    "discriminators.yaml": 10,
    "galaxy.yaml": 9,
    "http-status-codes.json": 89,
    "parameters-style.yaml": 25,
    "petstore.yaml": 20,
    "polymorphism.yaml": 13,
    "request-examples.yaml": 11,
    "schema-circular.yaml": 3,
    "schema-enums.yaml": 3,
    "schema-types.yaml": 23,
    "security.yaml": 15,
}


def test_all_are_listed() -> None:
    assert sorted(file.name for kind in ("json", "yaml") for file in FOLDER.glob(f"*.{kind}")) == sorted(OPERATIONS)


def test_every_operation_is_a_function(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, operations in OPERATIONS.items():
        with caplog.at_level(logging.WARNING):
            box = openapi(FOLDER / name, base_url="https://service.example")
        stubs = box.stubs()
        functions = [node for node in ast.parse(stubs).body if isinstance(node, ast.FunctionDef)]
        assert (name, len(functions), caplog.text) == (name, operations, "")
        (tmp_path / f"{Path(name).stem.replace('-', '_')}.pyi").write_text(stubs)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout == f"Success: no issues found in {len(OPERATIONS)} source files\n"


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            "galaxy.yaml",
            "def upload_image(planetId: int, image: bytes | FileUpload | None = None) -> ImageUploadedMessage:",
        ),
        ("galaxy.yaml", "def get_all_data(limit: int = 10, offset: int = 0, pages: int = 1) -> "),
        ("petstore.yaml", "def find_pets_by_status(status: list[Literal['available', 'pending', 'sold']]) -> "),
        ("discriminators.yaml", "def patch_embedded_discriminator(body: Cat | Dog | None = None) -> None:"),
    ],
)
def test_what_a_model_reads(document: str, line: str) -> None:
    assert line in openapi(FOLDER / document, base_url="https://service.example").stubs()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["discriminators.yaml", "polymorphism.yaml", "security.yaml"])
def test_the_stubs_keep_within_a_budget_of_tokens(name: str) -> None:
    """Held against the embedded model's tokenizer: 49,000 tokens, of English and code."""
    tokenizer = Tokenizer.from_file(str(ensure_embedded_model() / "tokenizer.json"))

    def tokens(text: str) -> int:
        return len(tokenizer.encode(text).ids)

    box = openapi(FOLDER / name, base_url="https://service.example", name="service")
    for most in (600, round(tokens(box.stubs()) * 1.5)):
        estimated = openapi(FOLDER / name, base_url="https://service.example", name="service", max_tokens=most)
        assert list(estimated.tools) == list(box.tools), "all can be called"
        ast.parse(estimated.stubs())
        assert tokens(estimated.stubs()) <= most, "the estimate is not lower than a real count"
        assert tokens(box.stubs(max_tokens=most, count_tokens=tokens)) <= most
    assert estimated.stubs() == box.stubs(), "nor is it far above one"
