"""An OpenAPI document: read from a file, an address or a mapping, with its references followed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from referencing import Registry, Specification
from referencing.exceptions import Unresolvable

from codeact.errors import ToolError
from codeact_adapters._openapi.files import Files, beside, parse, read_file

_METHODS = ("get", "head", "options", "post", "put", "patch", "delete")

Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class Described:
    """One operation as the document describes it.

    Attributes:
        path: the path template.
        method: in lower case.
        node: the operation object.
        item: the path item that it is part of.
        server: the base address that the operation or its path names for itself, perhaps a relative one; else empty.
    """

    path: str
    method: str
    node: Mapping[str, Any]
    item: Mapping[str, Any]
    server: str


@dataclass(frozen=True)
class Document:
    """A parsed document.

    Attributes:
        content: the document itself.
        address: where it was fetched from; empty for files and mappings.
        files: the files that it may refer to.
    """

    content: Mapping[str, Any]
    address: str = ""
    files: Files = field(default_factory=Files, repr=False, compare=False)
    _resolvers: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        version = str(self.content.get("openapi", ""))
        if not version.startswith(("3.0", "3.1")):
            found = f"OpenAPI {version}" if version else f"Swagger {self.content.get('swagger', '')}".strip()
            raise ToolError(
                f"the document says it is {found}; OpenAPI 3.0 and 3.1 can be read"
                if version or "swagger" in self.content
                else "this is no OpenAPI document: it has no key `openapi`"
            )

    def follow(self, node: Any) -> Any:
        """The node, or what it refers to by `$ref`, through several references if need be.

        Raises:
            ToolError: a reference leads outside, to nothing, or in a circle.
        """
        seen: list[str] = []
        while isinstance(node, Mapping) and "$ref" in node:
            reference = self.reference(node)
            if reference in seen:
                raise ToolError(f"the reference {_shown(reference)} leads back to itself")
            seen.append(reference)
            key, _, pointer = reference.partition("#")
            try:
                node = self._resolver(key).lookup(f"#{pointer}").contents
            except (Unresolvable, ValueError, TypeError, LookupError):
                raise ToolError(f"the reference {_shown(reference)} leads to nothing in the document") from None
        return node

    def reference(self, node: Mapping[str, Any]) -> str:
        """The `$ref` of a node in its one absolute form: two references to the same place are equal."""
        reference = node["$ref"]
        if not isinstance(reference, str):
            raise ToolError(f"the reference {_shown(reference)} is no string")
        return reference if reference.startswith("#") else self.files.resolve(reference)

    def mapping(self, node: Any) -> Mapping[str, Any]:
        """The mapping that a node is or refers to; empty if it is something else."""
        found = self.follow(node)
        return found if isinstance(found, Mapping) else {}

    def operations(self) -> Iterator[Described]:
        """Each operation of the document.

        Raises:
            ToolError: a reference cannot be followed.
        """
        paths = self.mapping(self.content.get("paths"))
        for path, node in paths.items():
            item = self.mapping(node)
            for method in _METHODS:
                if isinstance(path, str) and isinstance(item.get(method), Mapping):
                    operation = self.mapping(item[method])
                    server = self._server(operation.get("servers")) or self._server(item.get("servers"))
                    yield Described(path, method, operation, item, server)

    def server(self) -> str:
        """The base address that the document names, resolved against where it came from; empty if it names none."""
        from codeact_adapters._http.network import address

        named = self._server(self.content.get("servers")) or "/"
        if named.startswith(("http://", "https://")):
            return named
        return str(address(self.address).join(named)) if self.address else ""

    def parameters(self, operation: Described) -> list[Mapping[str, Any]]:
        """The parameter objects of an operation, with those of its path.

        Raises:
            ToolError: a reference cannot be followed.
        """
        merged: dict[tuple[str, str], Mapping[str, Any]] = {}
        for owner in (operation.item, operation.node):
            listed = self.follow(owner.get("parameters"))
            for node in listed if isinstance(listed, list) else []:
                parameter = self.mapping(node)
                if isinstance(parameter.get("name"), str):
                    merged[parameter["name"], str(parameter.get("in"))] = parameter
        return list(merged.values())

    def _server(self, servers: Any) -> str:
        """The address of the first of these servers, with its variables at their defaults; empty if there is none."""
        first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
        url = str(first.get("url", ""))
        variables = first.get("variables")
        for name, variable in variables.items() if isinstance(variables, Mapping) else ():
            if isinstance(variable, Mapping):
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        return url

    def _resolver(self, key: str) -> Any:
        if key not in self._resolvers:
            content = self.files.content(key) if key else self.content
            # Opaque: references are plain JSON pointers, and nothing in a document can rename or fetch another one.
            resource = Specification.OPAQUE.create_resource(cast(Any, content))
            registry: Registry[Any] = Registry().with_resource("", resource)
            self._resolvers[key] = registry.resolver()
        return self._resolvers[key]


def load(source: str | os.PathLike[str] | Mapping[str, Any], fetch: Fetch) -> Document:
    """Read a document from a mapping, an `http(s)://` address, a file, or JSON or YAML text.

    Args:
        source: see above.
        fetch: gives the bytes at an address.

    Raises:
        ToolError: it cannot be read, or is no OpenAPI 3.0 or 3.1 document.
    """
    if isinstance(source, Mapping):
        return Document(source)
    if not isinstance(source, (str, os.PathLike)):
        raise ToolError(
            f"an OpenAPI document is a file, an http(s) address, its text, or a dict; not {type(source).__name__}"
        )
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return Document(parse(fetch(source), source), source, Files(source, fetch))
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return Document(parse(source.encode(), "the text"))
    path = Path(source)
    return Document(parse(read_file(path, str(path)), str(path)), files=beside(path))


def _shown(reference: object) -> str:
    return repr(reference)[:100]
