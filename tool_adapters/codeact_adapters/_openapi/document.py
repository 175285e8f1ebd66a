"""An OpenAPI document: read from a file, an address or a mapping, with its local references followed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from referencing import Registry, Specification
from referencing.exceptions import Unresolvable

from codeact.errors import ToolError
from codeact_adapters._openapi.client import Client, address

LARGEST_BYTES = 50_000_000
_METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Document:
    """A parsed document.

    Attributes:
        content: the document itself.
        address: where it was fetched from; empty for files and mappings.
    """

    content: Mapping[str, Any]
    address: str = ""
    _resolver: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        version = str(self.content.get("openapi", ""))
        if not version.startswith(("3.0", "3.1")):
            found = f"OpenAPI {version}" if version else f"Swagger {self.content.get('swagger', '')}".strip()
            raise ToolError(
                f"the document says it is {found}; OpenAPI 3.0 and 3.1 can be read"
                if version or "swagger" in self.content
                else "this is no OpenAPI document: it has no key `openapi`"
            )
        # Opaque: references are plain JSON pointers, and nothing in the document can rename or fetch another one.
        resource = Specification.OPAQUE.create_resource(cast(Any, self.content))
        registry: Registry[Any] = Registry().with_resource("", resource)
        object.__setattr__(self, "_resolver", registry.resolver())

    def follow(self, node: Any) -> Any:
        """The node, or what it refers to by `$ref`, through several references if need be.

        Raises:
            ToolError: a reference leads outside the document, to nothing, or in a circle.
        """
        seen: list[str] = []
        while isinstance(node, Mapping) and "$ref" in node:
            reference = node["$ref"]
            if not isinstance(reference, str) or not reference.startswith("#"):
                raise ToolError(
                    f"the reference {_shown(reference)} leads outside the document; only `#/...` is followed"
                )
            if reference in seen:
                raise ToolError(f"the reference {_shown(reference)} leads back to itself")
            seen.append(reference)
            try:
                node = self._resolver.lookup(reference).contents
            except (Unresolvable, ValueError, TypeError, LookupError):
                raise ToolError(f"the reference {_shown(reference)} leads to nothing in the document") from None
        return node

    def mapping(self, node: Any) -> Mapping[str, Any]:
        """The mapping that a node is or refers to; empty if it is something else."""
        found = self.follow(node)
        return found if isinstance(found, Mapping) else {}

    def operations(self) -> Iterator[tuple[str, str, Mapping[str, Any], list[Mapping[str, Any]]]]:
        """Each operation as (path, method in lower case, operation, its parameters with those of its path)."""
        paths = self.content.get("paths")
        for path, node in paths.items() if isinstance(paths, Mapping) else ():
            item = self.mapping(node)
            for method in _METHODS:
                operation = item.get(method)
                if isinstance(path, str) and isinstance(operation, Mapping):
                    yield path, method, operation, self._parameters(item, operation)

    def _parameters(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        merged: dict[tuple[str, str], Mapping[str, Any]] = {}
        for owner in (item, operation):
            listed = owner.get("parameters")
            for node in listed if isinstance(listed, list) else []:
                parameter = self.mapping(node)
                if isinstance(parameter.get("name"), str):
                    merged[parameter["name"], str(parameter.get("in"))] = parameter
        return list(merged.values())

    def server(self) -> str:
        """The base address that the document names, resolved against where it came from; empty if it names none."""
        servers = self.content.get("servers")
        first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
        url = str(first.get("url", "/") or "/")
        variables = first.get("variables")
        for name, variable in variables.items() if isinstance(variables, Mapping) else ():
            if isinstance(variable, Mapping):
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        if url.startswith(("http://", "https://")):
            return url
        return str(address(self.address).join(url)) if self.address else ""


def load(source: str | os.PathLike[str] | Mapping[str, Any], timeout_s: float) -> Document:
    """Read a document from a mapping, an `http(s)://` address, a file, or JSON or YAML text.

    Raises:
        ToolError: it cannot be read, or is no OpenAPI 3.0 or 3.1 document.
    """
    if isinstance(source, Mapping):
        return Document(source)
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        client = Client(source, token=None, timeout_s=timeout_s, max_response_bytes=LARGEST_BYTES)
        try:
            return Document(_parse(client.fetch(source), source), source)
        except (ConnectionError, TimeoutError) as error:
            raise ToolError(f"the OpenAPI document at {source} cannot be fetched: {error}") from None
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return Document(_parse(source.encode(), "the text"))
    path = Path(source)
    try:
        return Document(_parse(path.read_bytes(), str(path)))
    except OSError as error:
        raise ToolError(f"the OpenAPI document {path} cannot be read: {error.strerror or error}") from None


def _parse(data: bytes, where: str) -> Mapping[str, Any]:
    try:
        if data.lstrip()[:1] == b"{":
            content = json.loads(data)
        else:
            import yaml

            content = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except RecursionError:
        raise ToolError(f"{where} is nested too deeply") from None
    except Exception as error:
        raise ToolError(f"{where} is neither JSON nor YAML: {error}") from None
    if not isinstance(content, Mapping):
        raise ToolError(f"{where} is no OpenAPI document: it holds {type(content).__name__}, not a mapping")
    return content


def _shown(reference: object) -> str:
    return repr(reference)[:100]
