"""The real documents that `openapi_documents.py` looks at: a pinned list, and the way to the files.

`openapi_documents.csv` names each: its maker, the public repository that it lies in, the commit, the path, the SHA-256
of the file, and the licence that the repository states. The documents are their makers', and are not kept here.
"""

from __future__ import annotations

import csv
import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from codeact.errors import CodeActError

LIST = Path(__file__).with_name("openapi_documents.csv")
_RAW = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class Listed:
    """A document of the list.

    Attributes:
        maker: whose service it describes.
        repository: `owner/name` on GitHub.
        commit: 40 hexadecimal digits.
        path: of the file in the repository.
        sha256: of the file, 64 hexadecimal digits.
        licence: what the repository states, as an SPDX name, or `none stated`.
    """

    maker: str
    repository: str
    commit: str
    path: str
    sha256: str
    licence: str

    @property
    def page(self) -> str:
        """Where a person reads it."""
        return f"https://github.com/{self.repository}/blob/{self.commit}/{quote(self.path)}"

    @property
    def address(self) -> str:
        """Where its bytes are."""
        return f"{_RAW}/{self.repository}/{self.commit}/{quote(self.path)}"


def read_list(file: Path = LIST) -> list[Listed]:
    """The documents in the order of the list."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [Listed(**row) for row in csv.DictReader(lines)]


def from_net(listed: Listed) -> bytes:
    """The bytes of a document, from GitHub.

    Raises:
        CodeActError: they cannot be had.
    """
    try:
        return httpx.get(listed.address, timeout=60, follow_redirects=False).raise_for_status().content
    except httpx.HTTPError as error:
        raise CodeActError(f"{listed.address} cannot be fetched: {error}") from None


def from_mirrors(pattern: str) -> Callable[[Listed], bytes]:
    """A way to the bytes of documents that needs no network: git directories on this machine.

    Args:
        pattern: where that of a repository is, such as `/srv/git/{owner}/{name}.git`.
    """

    def read(listed: Listed) -> bytes:
        owner, _, name = listed.repository.partition("/")
        folder = pattern.format(owner=owner, name=name)
        blob = f"{listed.commit}:{listed.path}"
        done = subprocess.run(["git", "--git-dir", folder, "cat-file", "blob", blob], capture_output=True)
        if done.returncode != 0:
            raise CodeActError(f"{folder} does not hold {blob}: {done.stderr.decode(errors='replace').strip()[-200:]}")
        return done.stdout

    return read


def kept(listed: Listed, folder: Path, read: Callable[[Listed], bytes]) -> Path:
    """The file of a document, read once and then kept in a folder of its own.

    Raises:
        CodeActError: it cannot be read, or is another file than the list says.
    """
    file = folder / listed.sha256 / Path(listed.path).name
    data = file.read_bytes() if file.exists() else read(listed)
    found = hashlib.sha256(data).hexdigest()
    if found != listed.sha256:
        source = file if file.exists() else listed.address
        raise CodeActError(f"{source} has the SHA-256 {found}, and the list says {listed.sha256}")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        unfinished.write_bytes(data)
        unfinished.replace(file)
    return file
