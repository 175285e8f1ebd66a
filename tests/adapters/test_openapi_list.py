"""The list of real OpenAPI documents is one that anybody can follow, and its benchmark measures what it says."""

from __future__ import annotations

import hashlib
import importlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from codeact.errors import CodeActError

ROOT = Path(__file__).parents[2]
DOCUMENTS = Path(__file__).parent / "documents"
CONTENT = b"openapi: 3.1.0\n"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("openapi_documents")


@pytest.fixture(scope="module")
def listing(script: ModuleType) -> ModuleType:
    return importlib.import_module("openapi_list")


def listed(listing: ModuleType, commit: str = "0" * 40, content: bytes = CONTENT) -> Any:
    digest = hashlib.sha256(content).hexdigest()
    return listing.Listed("A maker", "maker/service", commit, "made/the api.yaml", digest, "MIT")


def test_the_list_pins_documents_of_many_makers(listing: ModuleType) -> None:
    documents = listing.read_list()
    for each in documents:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", each.repository), each
        assert re.fullmatch(r"[0-9a-f]{40}", each.commit), each
        assert re.fullmatch(r"[0-9a-f]{64}", each.sha256), each
        assert each.path.endswith((".json", ".yaml", ".yml")), each
        assert not {"", ".", ".."} & set(each.path.split("/")), each
        assert re.fullmatch(r"[A-Za-z]+(-[A-Za-z0-9.]+)*|none stated", each.licence), each
    makers = [each.maker for each in documents]
    assert makers == sorted(set(makers), key=str.lower)
    assert len({each.repository for each in documents}) == len({each.sha256 for each in documents}) == len(makers)
    assert len(makers) >= 30


def test_the_page_tells_of_each_document_of_the_list(listing: ModuleType) -> None:
    page = (ROOT / "docs" / "rest-services.md").read_text()
    for each in listing.read_list():
        assert f"| [{each.maker}]({each.page}) | " in page


def test_an_address_names_the_commit(listing: ModuleType) -> None:
    at = listed(listing, commit="a" * 40)
    assert at.address == f"https://raw.githubusercontent.com/maker/service/{'a' * 40}/made/the%20api.yaml"


def test_a_document_is_read_from_a_git_directory_and_then_kept(listing: ModuleType, tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "made").mkdir(parents=True)
    (work / "made" / "the api.yaml").write_bytes(CONTENT)
    git = ["git", "-C", str(work), "-c", "user.name=A", "-c", "user.email=a@maker.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "A document"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "maker+service").symlink_to(work / ".git")
    read = listing.from_mirrors(f"{tmp_path}/{{owner}}+{{name}}")
    there = listed(listing, commit)
    file = listing.kept(there, tmp_path / "kept", read)
    assert (file.name, file.read_bytes()) == ("the api.yaml", CONTENT)
    assert listing.kept(there, tmp_path / "kept", listing.from_mirrors("/nowhere")) == file
    with pytest.raises(CodeActError, match="does not hold 0000"):
        listing.kept(listed(listing, content=b"another"), tmp_path / "kept", read)


def test_a_document_is_fetched_from_its_address(listing: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    there = listed(listing)
    answers = {there.address: httpx.Response(200, content=CONTENT, request=httpx.Request("GET", there.address))}
    nothing = httpx.Response(404, request=httpx.Request("GET", "https://raw.githubusercontent.com"))
    monkeypatch.setattr(httpx, "get", lambda url, **_: answers.get(url, nothing))
    assert listing.from_net(there) == CONTENT
    with pytest.raises(CodeActError, match=r"cannot be fetched: .*404"):
        listing.from_net(listed(listing, commit="b" * 40))


def test_another_file_than_the_listed_one_is_refused(listing: ModuleType, tmp_path: Path) -> None:
    there = listed(listing)
    with pytest.raises(CodeActError, match=f"has the SHA-256 .* the list says {there.sha256}"):
        listing.kept(there, tmp_path, lambda _: b"something else")
    assert not list(tmp_path.rglob("*.yaml"))
    listing.kept(there, tmp_path, lambda _: CONTENT).write_bytes(b"changed since")
    with pytest.raises(CodeActError, match="has the SHA-256"):
        listing.kept(there, tmp_path, lambda _: CONTENT)


@pytest.mark.slow
def test_documents_are_loaded_cut_to_a_budget_and_searched(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "BUDGET", 600)
    broken = tmp_path / "broken.yaml"
    broken.write_text("openapi: 4.0.0\n")
    files = {"Galaxy": DOCUMENTS / "galaxy.yaml", "Security": DOCUMENTS / "security.yaml", "Broken": broken}
    rows = script.looked_at([(name, lambda file=file: file) for name, file in files.items()])
    galaxy, security, failed = rows
    assert (galaxy.operations, galaxy.tools, galaxy.complaints) == (9, 9, 0)
    assert galaxy.tokens > 600 >= galaxy.tokens_shown > 0
    assert 0 < galaxy.shown < 9
    assert (galaxy.sought, galaxy.found) == (9 - galaxy.shown, 9 - galaxy.shown)
    assert (security.shown, security.sought) == (15, 0)
    assert "OpenAPI 4.0.0" in failed.failed
    assert [row.wrong for row in rows] == [False, False, True]
    assert "2 of 3 documents load, and mypy accepts the stubs of 2." in script.summary(rows)
    pages = [script.Listed(name, "maker/service", "0" * 40, "api.yaml", "0" * 64, "MIT") for name in files]
    lines = script.table(pages, rows).splitlines()
    assert lines[-3].endswith(f"| 9 | 9 | {galaxy.tokens:,} | {galaxy.shown} | {galaxy.sought} of {galaxy.sought} |")
    assert lines[-2].endswith(f"| 15 | 15 | {security.tokens:,} | all |  |")
    assert "does not load" in lines[-1]
    assert "Broken" in capsys.readouterr().out


def test_stubs_that_no_type_checker_accepts_are_counted(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "d0.pyi").write_text("def f() -> Missing: ...\n")
    (tmp_path / "d1.pyi").write_text("def f() -> int: ...\n")
    assert script.mypy(tmp_path) == {"d0.pyi": 1}
    assert script.Row("A", complaints=1).wrong
    assert script.Row("A", tokens_shown=script.BUDGET + 1).wrong
    assert script.Row("A", sought=3).wrong
