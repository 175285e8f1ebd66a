"""Schemas of every kind: alternatives, discriminators, inheritance, references into other files; and hostile ones."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ToolError
from codeact.tools import Toolbox
from codeact_adapters import openapi
from codeact_adapters._openapi.limits import unlinked
from codeact_adapters._openapi.values import from_json, to_json
from codeact_adapters._openapi.yaml_text import parse_yaml


def box(schema: Any, components: Any = None) -> Toolbox:
    content = {"application/json": {"schema": schema}}
    paths = {"/x": {"get": {"operationId": "x", "responses": {"200": {"content": content}}}}}
    document = {"openapi": "3.1.0", "paths": paths, "components": {"schemas": components or {}}}
    return openapi(document, base_url="http://h")


def returned(made: Toolbox) -> Any:
    return made["x"].signature.return_annotation


def of(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def record(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def test_a_discriminator_says_which_alternative_is_meant() -> None:
    kinds = {"Cat": record("kind", kind=TEXT, name=TEXT), "Dog": record("kind", kind=TEXT, name=TEXT)}
    discriminator = {
        "propertyName": "kind",
        "mapping": {"cat": "Cat", "dog": "#/components/schemas/Dog", "x": "#/nope"},
    }
    made = box({"oneOf": [of("Cat"), of("Dog")], "discriminator": discriminator}, kinds)
    assert "def x() -> Cat | Dog:" in made.stubs()
    assert type(from_json(returned(made), {"kind": "dog", "name": "Rex"})) is made.types["Dog"]
    assert type(from_json(returned(made), {"kind": "cat"})) is made.types["Cat"]
    assert type(from_json(returned(made), {"kind": "?"})) is made.types["Cat"]
    by_name = box({"oneOf": [of("Cat"), of("Dog")], "discriminator": {"propertyName": "kind"}}, kinds)
    assert type(from_json(returned(by_name), {"kind": "Dog"})) is by_name.types["Dog"]


def test_alternatives_are_told_apart_by_what_fits_best() -> None:
    small, large = record("a", a=TEXT), record("a", "b", a=TEXT, b=TEXT)
    made = box({"anyOf": [of("Small"), of("Large"), TEXT, {"type": "null"}]}, {"Small": small, "Large": large})
    assert "def x() -> Small | Large | str | None:" in made.stubs()
    assert type(from_json(returned(made), {"a": "1", "b": "2"})) is made.types["Large"]
    assert type(from_json(returned(made), {"a": "1"})) is made.types["Small"]
    assert from_json(returned(made), "text") == "text"
    assert from_json(returned(made), {"c": 1}) == {"c": 1}


def test_a_fixed_value_tells_alternatives_apart() -> None:
    kinds = [record("type", type={"const": name}, size=NUMBER) for name in ("circle", "square")]
    made = box({"oneOf": kinds})
    circle, square = (from_json(returned(made), {"type": name, "size": 1}) for name in ("circle", "square"))
    assert type(circle) is not type(square)


def test_alternatives_beside_properties_add_theirs() -> None:
    made = box({**record("id", id=TEXT), "oneOf": [record("a", a=TEXT), record("b", b=NUMBER)]})
    value = from_json(returned(made), {"id": "1", "b": 2})
    assert (value.id, value.b) == ("1", 2)
    only_combinations = box({**record(id=TEXT, b=TEXT), "anyOf": [{"required": ["id"]}, {"required": ["b"]}]})
    assert list(only_combinations.types) == ["XResult"]


def test_inheritance_by_all_of_and_a_mapping_alone() -> None:
    components = {
        "Pet": {
            **record("kind", kind=TEXT),
            "discriminator": {"propertyName": "kind", "mapping": {"cat": of("Cat")["$ref"], "dog": of("Dog")["$ref"]}},
        },
        "Cat": {"allOf": [of("Pet"), record("lives", lives=NUMBER)]},
        "Dog": {"allOf": [of("Pet"), record(tricks={"type": "array", "items": TEXT})]},
    }
    made = box({"type": "array", "items": of("Pet")}, components)
    assert "def x() -> list[Cat | Dog]:" in made.stubs()
    (cat,) = from_json(returned(made), [{"kind": "cat", "lives": 9}])
    assert (type(cat), cat.lives) == (made.types["Cat"], 9)


def test_all_of_with_one_part_keeps_its_name() -> None:
    made = box({"allOf": [of("Pet")], "description": "the pet", "nullable": True}, {"Pet": record(name=TEXT)})
    assert "def x() -> Pet | None:" in made.stubs()


def test_additional_properties_come_and_go_with_the_known_ones() -> None:
    made = box({**record("a", a=TEXT), "additionalProperties": NUMBER})
    assert "additional_properties: dict[str, int] | None = None" in made.stubs()
    value = from_json(returned(made), {"a": "1", "b": 2})
    assert (value.a, value.additional_properties) == ("1", {"b": 2})
    assert to_json(value) == {"a": "1", "b": 2}


def test_read_only_and_write_only_properties_need_not_be_there() -> None:
    node = record(
        "id", "password", "name", id={**TEXT, "readOnly": True}, password={**TEXT, "writeOnly": True}, name=TEXT
    )
    stubs = box(of("User"), {"User": node}).stubs()
    assert "    name: str\n    id: str | None = None\n    password: str | None = None\n" in stubs


def test_equal_types_without_names_are_one() -> None:
    owner = record(login=TEXT, id=NUMBER)
    made = box(record(owner=owner, author=dict(owner), other=record(login=TEXT)))
    assert len(made.types) == 3


def test_formats_patterns_and_limits_are_for_the_reader() -> None:
    made = box(
        record(
            at={"type": "string", "format": "date-time", "description": "[when](https://h/a_b?c#d) it [is](/x)"},
            code={"type": "string", "pattern": "^[A-Z]{3}$"},
            speed={"type": "number", "minimum": 0, "maximum": 2, "description": "in m/s", "nullable": True},
        )
    )
    assert "at: when it is (an RFC 3339 date and time)\n" in made.stubs()
    assert "    code: matches ^[A-Z]{3}$\n" in made.stubs()
    assert "    speed: in m/s; a number from 0 to 2" in made.stubs()


def test_types_of_two_services_get_along_by_a_prefix() -> None:
    content = {"application/json": {"schema": of("User")}}
    paths = {"/x": {"get": {"operationId": "x", "responses": {"200": {"content": content}}}}}
    document = {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"User": record(name=TEXT)}}}
    one, other = (openapi(document, base_url="http://h", name=name) for name in ("one", "other"))
    with pytest.raises(ToolError, match="two different types named User"):
        Toolbox([one, other])
    prefixed = openapi(document, base_url="http://h", name="other", type_prefix="Other")
    assert list(Toolbox([one, prefixed]).types) == ["User", "OtherUser"]


@pytest.mark.timeout(10)
def test_text_of_nothing_but_brackets_is_read_in_a_moment() -> None:
    assert len(unlinked("[" * 1_000_000 + "](" * 300_000)) == 1_600_000


# ---- several files ---------------------------------------------------------------------------------------------------

MAIN = """
openapi: 3.0.3
servers: [{url: https://shop.example}]
paths:
  /pets: {$ref: "paths/pets.yaml"}
"""
PATHS = """
get:
  operationId: listPets
  parameters: [{$ref: "../shared.json#/parameters/Limit"}]
  responses:
    200:
      description: ok
      content: {application/json: {schema: {type: array, items: {$ref: ../schemas/Pet.yaml}}}}
"""
PET = """
type: object
properties:
  name: {type: string}
  owner: {$ref: "../shared.json#/schemas/Owner"}
  friends: {type: array, items: {$ref: "#"}}
"""
SHARED = """{"parameters": {"Limit": {"name": "limit", "in": "query", "schema": {"type": "integer"}}},
 "schemas": {"Owner": {"type": "object", "properties": {"pet": {"$ref": "schemas/Pet.yaml"}}}}}"""


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    names = {
        "api_dot_yaml": MAIN,
        "paths__pets_dot_yaml": PATHS,
        "schemas__Pet_dot_yaml": PET,
        "shared_dot_json": SHARED,
    }
    return folder(tmp_path / "api", **names)


def test_references_lead_into_other_files(files: Path) -> None:
    made = openapi(files / "api.yaml")
    assert list(made.types) == ["Owner", "Pet"]
    assert "def list_pets(limit: int | None = None) -> list[Pet]:" in made.stubs()
    assert "    friends: list[Pet] | None = None\n" in made.stubs()


def test_references_lead_into_other_files_on_the_same_host(files: Path, serve: Any) -> None:
    from starlette.applications import Starlette
    from starlette.staticfiles import StaticFiles

    app = Starlette()
    app.mount("/", StaticFiles(directory=files))
    address = serve(app)
    made = openapi(f"{address}/api.yaml", base_url=address)
    assert list(made.types) == ["Owner", "Pet"]
    for outside in ("http://127.0.0.1:9/x.yaml", "//elsewhere.example/x.yaml"):
        (files / "api.yaml").write_text(MAIN.replace("paths/pets.yaml", outside))
        with pytest.raises(ToolError, match="leads outside the folder or the host of the document"):
            openapi(f"{address}/api.yaml", base_url=address)


@pytest.mark.parametrize(
    "outside",
    ["../secret.yaml", "/etc/passwd", "%2e%2e/secret.yaml", "paths/../../secret.yaml", "http://h/x", "link.yaml"],
)
def test_references_stay_in_the_folder_of_the_document(files: Path, outside: str) -> None:
    (files.parent / "secret.yaml").write_text("get: {operationId: secret}")
    (files / "link.yaml").symlink_to(files.parent / "secret.yaml")
    (files / "api.yaml").write_text(MAIN.replace("paths/pets.yaml", outside))
    with pytest.raises(ToolError, match=r"outside the folder"):
        openapi(files / "api.yaml")


@pytest.mark.parametrize("broken", ["paths/none.yaml", "paths", "shared.json#/nothing"])
def test_references_to_no_file_are_told(files: Path, broken: str) -> None:
    (files / "api.yaml").write_text(MAIN.replace("paths/pets.yaml", broken))
    with pytest.raises(ToolError, match=r"cannot be read|leads to nothing|is neither JSON nor YAML"):
        openapi(files / "api.yaml")


# ---- hostile text ----------------------------------------------------------------------------------------------------


def test_yaml_is_read_as_json_would_be() -> None:
    text = b"{day: 2020-02-31, on: yes, no: 0777, time: 12:30:00, half: 1e3, hex: 0x1F, none: ~, empty: , t: true}"
    assert parse_yaml(text) == {
        **{"day": "2020-02-31", "on": "yes", "no": "0777", "time": "12:30:00", "half": 1000.0, "hex": "0x1F"},
        **{"none": None, "empty": None, "t": True},
    }


@pytest.mark.timeout(20)
def test_merges_of_merges_do_not_blow_up() -> None:
    lines = ["a0: &a0 {k0: 1, k1: 2}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
    found = parse_yaml("\n".join(lines).encode())
    assert found["a11"] == {"k0": 1, "k1": 2}


@pytest.mark.timeout(60)
def test_vast_and_deep_documents_end() -> None:
    wide = {f"P{n}": record(**{f"f{m}": of(f"P{(n + m) % 120}") for m in range(1, 4)}) for n in range(120)}
    assert len(box(of("P0"), wide).types) == 120
    deep: Any = TEXT
    for _ in range(200):
        deep = {"type": "array", "items": deep}
    with pytest.raises(ToolError, match="nested too deeply"):
        box(deep)
    chain = {f"P{n}": {"allOf": [of(f"P{n + 1}")]} for n in range(500)} | {"P500": record(a=TEXT)}
    with pytest.raises(ToolError, match="nested too deeply"):
        box(of("P0"), chain)
    loop = {"A": {"allOf": [of("B"), record(a=TEXT)]}, "B": {"allOf": [of("A"), record(b=TEXT)]}}
    assert set(box(of("A"), loop).types) == {"A"}
    many = {"oneOf": [record("kind", kind={"const": str(n)}) for n in range(1000)]}
    assert "def x() -> Any" in box(many).stubs()


def test_a_default_of_another_type_is_no_default() -> None:
    parameters = [
        {"name": "a", "in": "query", "schema": {"type": "integer", "default": "ten"}},
        {"name": "b", "in": "query", "schema": {"enum": ["x", "y"], "default": "z"}},
        {"name": "c", "in": "query", "schema": {"type": "string", "default": "__import__('os')"}},
    ]
    document = {"openapi": "3.0.0", "paths": {"/x": {"get": {"operationId": "x", "parameters": parameters}}}}
    stubs = openapi(document, base_url="http://h").stubs()
    assert "a: int | None = None, b: Literal['x', 'y'] | None = None, c: str = \"__import__('os')\"" in stubs
    ast.parse(stubs)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 0.5, "maximum": 9.5, "multipleOf": 2.0}, "from 1 to 9 and a multiple of 2"),
        ({"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 9.5}, "above 0 and below 10"),
        ({"type": "integer", "minimum": 10**400, "maximum": 1e300, "multipleOf": 0.3}, ""),
        ({"type": "number", "minimum": float("nan"), "maximum": float("inf")}, ""),
        ({"type": "string", "minLength": 2, "maxLength": 10**40}, "of at least 2 characters"),
        ({"type": "array", "items": TEXT, "maxItems": 10**40}, ""),
    ],
)
def test_limits_that_cannot_be_checked_as_they_are_make_no_tool_fail(schema: Any, words: str) -> None:
    paths = {"/x": {"get": {"operationId": "x", "parameters": [{"name": "n", "in": "query", "schema": schema}]}}}
    help = openapi({"openapi": "3.1.0", "paths": paths}, base_url="http://h")["x"].help
    assert words in help
    assert ("\nn: " in help) == bool(words), help


def test_choices_that_are_too_long_to_be_shown_are_not() -> None:
    for choices in (["a" * 9_000], ["a" * 100 + str(number) for number in range(190)]):
        assert "def x() -> str:" in box({"type": "string", "enum": choices}).stubs()
