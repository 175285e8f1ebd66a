"""Documents written by hand: OpenAPI 3.0 in YAML, references, names, and what is refused."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ToolError
from codeact.tools import Toolbox
from codeact_adapters import openapi

STORE = """
openapi: 3.0.3
info: {title: Store, version: "1"}
servers:
  - url: http://{host}:8000/api/
    variables: {host: {default: store.example}}
components:
  parameters:
    Page:
      name: page-number
      in: query
      description: which page
      schema: {type: integer, minimum: 0, exclusiveMinimum: true, default: 1}
  schemas:
    Named:
      type: object
      required: [name]
      properties:
        name: {type: string, maxLength: 20}
    Pet:
      description: An animal.
      allOf:
        - $ref: '#/components/schemas/Named'
        - type: object
          required: [kind]
          properties:
            kind: {$ref: '#/components/schemas/Kind'}
            born-on: {type: string, format: date, nullable: true}
            class: {type: string}
            owner: {$ref: '#/components/schemas/Owner'}
            extra: {type: object, additionalProperties: {type: number}}
    Kind: {type: string, enum: [cat, dog]}
    Owner:
      type: object
      properties:
        pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}
paths:
  /pets/{pet-id}:
    parameters:
      - {name: pet-id, in: path, required: true, schema: {type: integer}}
    get:
      operationId: getPetById
      responses: {200: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
    delete:
      responses: {204: {description: gone}}
  /pets:
    get:
      operationId: list
      parameters: [{$ref: '#/components/parameters/Page'}]
      responses:
        200:
          description: ok
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}
    post:
      operationId: Pets.create
      summary: Add a pet.
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, count]
              properties:
                name: {type: string}
                count: {type: integer}
                tags: {type: array, items: {type: string}}
      responses:
        201:
          description: made
          content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}
  /photo:
    post:
      operationId: uploadPhoto
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema:
              type: object
              required: [photo]
              properties: {photo: {type: string, format: binary}, title: {type: string}}
      responses: {200: {description: ok}}
"""


STUBS = '''\
from dataclasses import dataclass
from typing import Literal

@dataclass
class Owner:
    pets: list[Pet] | None = None

@dataclass
class Pet:
    """An animal.

    name: a string of at most 20 characters
    born_on: YYYY-MM-DD
    """
    name: str
    kind: Literal['cat', 'dog']
    born_on: str | None = None
    class_: str | None = None
    owner: Owner | None = None
    extra: dict[str, float] | None = None

@dataclass
class PetsCreateResult:
    id: int | None = None

@dataclass
class FileUpload:
    """A file to send, where its name or its media type matters; where they do not, plain bytes will do."""
    content: bytes
    name: str = 'file'
    media_type: str = 'application/octet-stream'

class ToolError(Exception):
    """A tool is declared wrongly, or a call of a tool failed."""

class HttpError(ToolError):
    """The service answered with an error. The message begins with the status: `HTTP 404 from GET /orders/7: ...`."""

def get_pet_by_id(pet_id: int) -> Pet:
    """GET /pets/{pet-id}"""

def delete_pets_by_pet_id(pet_id: int) -> None:
    """DELETE /pets/{pet-id}"""

def list_(page_number: int = 1, pages: int = 1) -> list[Pet]:
    """GET /pets

    page_number: which page; a whole number above 0
    pages: pages to fetch and join; a whole number from 1 to 100
    """

def pets_create(name: str, count: int, tags: list[str] | None = None) -> PetsCreateResult:
    """Add a pet."""

def upload_photo(photo: bytes | FileUpload, title: str | None = None) -> None:
    """POST /photo"""
'''


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    file = tmp_path_factory.mktemp("documents") / "store.yaml"
    file.write_text(STORE)
    return openapi(file)


def test_what_a_model_reads(store: Toolbox) -> None:
    assert store.stubs() == STUBS


def test_operations_that_cannot_be_called_are_left_out_and_said_so(caplog: pytest.LogCaptureFixture) -> None:
    paths = {**get({}), "/y/../z": {"get": {"operationId": "climb", "responses": {}}}}
    with caplog.at_level(logging.WARNING):
        assert list(openapi(document(paths=paths)).tools) == ["x"]
    assert "operation 'climb' (GET /y/../z) is left out: its path '/y/../z' is not a plain path" in caplog.text
    with pytest.raises(ToolError, match=r"operation 'climb' .* cannot be a tool: its path"):
        openapi(document(paths=paths), allow=["climb"])


def document(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "t"}, "servers": [{"url": "http://h"}], "paths": {}, **parts}


def get(schema: Any, **operation: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"/x": {"get": {"operationId": "x", "responses": {"200": {"content": content}}, **operation}}}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"swagger": "2.0"}, "the document says it is Swagger 2.0; OpenAPI 3.0 and 3.1 can be read"),
        ({"openapi": "4.0.0"}, "the document says it is OpenAPI 4.0.0"),
        ({}, "this is no OpenAPI document: it has no key `openapi`"),
        ("[1,\n2]", "the text is no OpenAPI document: it holds list"),
        ("{broken", "the text is neither JSON nor YAML"),
        ("a: [\n", "the text is neither JSON nor YAML"),
        ("!!python/object/apply:os.system ['true']\n", "the text is neither JSON nor YAML"),
        (Path("/nowhere/api.yaml"), "cannot be read: No such file or directory"),
        (document(servers=[]), "the document does not say where the service is; pass base_url"),
        (document(paths=get({"$ref": "http://evil/x.json"})), "leads outside the document; only `#/...` is followed"),
        (document(paths=get({"$ref": "other.yaml#/x"})), "leads outside the document"),
        (document(paths=get({"$ref": "#/components/Nothing"})), "'#/components/Nothing' leads to nothing"),
        (document(servers=[{"url": "ftp://h"}]), "does not say where the service is"),
        (document(servers=[{"url": "http://user:pw@h"}]), "must have no user, password"),
    ],
)
def test_a_document_that_cannot_be_used_says_why(source: Any, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        openapi(source)
    assert message in str(caught.value)


def test_references_in_a_circle_end() -> None:
    a, b = {"$ref": "#/components/schemas/B"}, {"$ref": "#/components/schemas/A"}
    circle = document(paths=get(a), components={"schemas": {"A": a, "B": b}})
    with pytest.raises(ToolError, match="leads back to itself"):
        openapi(circle)
    lists = {"L": {"type": "array", "items": {"$ref": "#/components/schemas/L"}}}
    box = openapi(document(paths=get({"$ref": "#/components/schemas/L"}), components={"schemas": lists}))
    assert "def x() -> list[Any]:" in box.stubs()


def bomb(word: str, levels: int) -> str:
    """A document whose schema is a tree of 2 ** levels leaves, by way of YAML's aliases."""
    lines = ["l0: &l0 {type: object, properties: {a: {}}}"]
    lines += [f"l{n}: &l{n} {{{word}: [*l{n - 1}, *l{n - 1}]}}" for n in range(1, levels + 1)]
    operation = f"{{get: {{responses: {{200: {{content: {{application/json: {{schema: *l{levels}}}}}}}}}}}}}"
    return "\n".join([*lines, "openapi: 3.1.0", f"paths: {{/x: {operation}}}", ""])


@pytest.mark.timeout(20)
def test_a_document_of_nothing_but_aliases_does_not_blow_up() -> None:
    for word in ("anyOf", "allOf"):
        assert len(openapi(bomb(word, 30), base_url="http://h").types) == 1
    with pytest.raises(ToolError, match="nested too deeply"):
        openapi(bomb("anyOf", 99), base_url="http://h")


@pytest.mark.timeout(20)
def test_a_schema_that_contains_itself_by_alias_is_refused() -> None:
    loop = "s: &s {type: array, items: *s}\nopenapi: 3.1.0\n"
    with pytest.raises(ToolError, match=r"neither JSON nor YAML|nested too deeply"):
        openapi(
            f"{loop}paths: {{/x: {{get: {{parameters: [{{name: a, in: query, schema: *s}}]}}}}}}", base_url="http://h"
        )


@pytest.mark.parametrize(
    ("schema", "rendered"),
    [
        ({"type": ["string", "null"]}, "str | None"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "int | None"),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "int | str"),
        ({"const": "on"}, "Literal['on']"),
        ({"enum": ["a", None]}, "Literal['a', None]"),
        ({"enum": [1.5]}, "Any"),
        ({"type": "object"}, "dict[str, Any]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "dict[str, int]"),
        ({"type": "array"}, "list[Any]"),
        ({"type": "number"}, "float"),
        ({}, "Any"),
        (True, "Any"),
        ({"type": "unheard-of"}, "Any"),
    ],
)
def test_schemas_as_types(schema: Any, rendered: str) -> None:
    assert f"def x() -> {rendered}:\n" in openapi(document(paths=get(schema))).stubs()


HOSTILE = [
    '"""\nimport os',
    "x\\",
    'a"',
    "__class__",
    "print",
    "class",
    "a\nb",
    "ﬁnd",
    "",
    "1",
    "Any",
    "\u202e",
    "*",
    "x: int = 0)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_descriptions_are_inert(text: str) -> None:
    """The same words as operation id, parameter, property, schema name, choice, default and description."""
    schema = {
        "type": "object",
        "description": text,
        "required": [text],
        "properties": {text: {"type": "string", "description": text, "enum": [text]}, "other": {"type": "string"}},
    }
    operation = {
        "operationId": text,
        "summary": text,
        "description": text + text,
        "parameters": [
            {"name": text, "in": "query", "description": text, "schema": {"type": "string", "default": text}},
            {"name": text + "'", "in": "query", "schema": {"enum": [text, text + "'"]}},
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}}},
        },
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}, "404": {"description": text}},
    }
    box = openapi(
        document(
            paths={"/x": {"post": operation, "put": operation}},
            components={"schemas": {"S": {**schema, "title": text}}},
            info={"title": text, "description": text},
        ),
        name="service",
    )
    module = ast.parse(box.stubs())
    assert {type(node) for node in module.body} <= {ast.ImportFrom, ast.ClassDef}
    group = module.body[-1]
    assert isinstance(group, ast.ClassDef)
    functions = [node for node in group.body if not isinstance(node, ast.Expr)]
    assert len(functions) == len(box) == 2
    for function in functions:
        assert isinstance(function, ast.FunctionDef)
        (body,) = function.body
        assert isinstance(body, ast.Expr)
        assert isinstance(body.value, ast.Constant)
        assert function.name.isascii()
        assert not function.name.startswith("_")


def test_a_path_that_would_leave_the_host_is_no_tool() -> None:
    for path in ("@evil.example/", "http://evil.example/", "/../admin", "/a/{b"):
        operation = {"get": {"operationId": "x", "responses": {}}}
        assert len(openapi(document(paths={path: operation}))) == (1 if path == "/a/{b" else 0)


@pytest.mark.parametrize(
    ("summary", "first"),
    [
        ("Get a track", "Deprecated. Get a track"),
        ("**Deprecated**: use all_tracks", "**Deprecated**: use all_tracks"),
        (None, "Deprecated. GET /x"),
    ],
)
def test_a_deprecated_operation_says_in_its_first_line_what_it_does(summary: str | None, first: str) -> None:
    operation = {"operationId": "x", "deprecated": True, "responses": {}, **({"summary": summary} if summary else {})}
    box = openapi(document(paths={"/x": {"get": operation}}))
    assert box.tools["x"].doc.split("\n")[0] == first


def test_json_text_is_a_document_too() -> None:
    assert list(openapi(json.dumps(document(paths=get({})))).tools) == ["x"]


def test_thousands_of_operations_load_in_seconds() -> None:
    paths = {f"/x{n}": get({"$ref": "#/components/schemas/S"}, operationId=f"get_{n}")["/x"] for n in range(300)}
    schemas = {"S": {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(20)}}}
    box = openapi(document(paths=paths, components={"schemas": schemas}))
    assert len(box) == 300
    assert list(box.types) == ["S"]


def test_what_can_be_no_document_is_said() -> None:
    for given in (3, None, ["a.json"], b"{}"):
        with pytest.raises(ToolError, match=f"its text, or a dict; not {type(given).__name__}"):
            openapi(given)  # type: ignore[arg-type]


def test_effects_are_given_by_patterns_and_the_last_one_decides() -> None:
    box = openapi(STORE, name="shop", effects={"*": "physical", "get_*": "read"})
    assert {tool.effect for name, tool in box.tools.items() if name.startswith("shop.get_")} == {"read"}
    assert {tool.effect for name, tool in box.tools.items() if not name.startswith("shop.get_")} == {"physical"}
    with pytest.raises(ToolError, match=r"'shop.got_\*' matches no tool"):
        openapi(STORE, name="shop", effects={"got_*": "read"})
