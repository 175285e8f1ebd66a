"""Values cross exactly or not at all, and a hostile encoding is refused with an error."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import time
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as PillowImage

from codeact.errors import UnsupportedValue
from codeact.values import Image, decode, describe_types, encode, is_plain, make_types, pack, size_of, to_json, unpack
from codeact.values.forms import ARRAY


class Mode(enum.Enum):
    FAST = "fast"
    SLOW = (1, 2)


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Pose:
    position: tuple[float, float, float]
    mode: Mode = Mode.FAST
    notes: list[Any] = dataclasses.field(default_factory=list)


TYPES: dict[str, type] = {"Pose": Pose, "Mode": Mode, "Level": Level}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**200), max_value=2**200)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.complex_numbers(allow_nan=False)
)
keys = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
    | st.tuples(st.integers(), st.text("ab"))
)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.frozensets(keys, max_size=4)
        | st.builds(
            Pose,
            st.tuples(st.floats(allow_nan=False), st.just(0.0), st.just(1.0)),
            st.sampled_from(Mode),
            st.lists(inner, max_size=2),
        )
        | st.sampled_from([*Mode, *Level])
    ),
    max_leaves=12,
)


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types all through."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left.items(), right.items(), strict=True))
    if isinstance(left, (set, frozenset)):
        return left == right and {type(item) for item in left} == {type(item) for item in right}
    if dataclasses.is_dataclass(left) and not isinstance(left, type):
        return all(same(getattr(left, field.name), getattr(right, field.name)) for field in dataclasses.fields(left))
    return bool(left == right)


@given(plain)
@settings(max_examples=200, deadline=None)
def test_values_cross_exactly(value: Any) -> None:
    assert same(decode(encode(value, TYPES), TYPES), value)


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "uint64", "float16", "float32", "float64", "complex128", ">i4", "<U5", "S3", "datetime64[s]"],
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4), (1, 2, 3, 4)])
def test_arrays_cross_exactly(dtype: str, shape: tuple[int, ...]) -> None:
    count = int(np.prod(shape))
    array = (np.arange(count) % 2).astype("int64").astype(dtype).reshape(shape)
    back = decode(encode(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert np.array_equal(back, array)
    assert back.flags.writeable
    scalar = np.ones((), "float32")[()]
    assert type(decode(encode(scalar))) is np.float32


def test_arrays_that_are_not_contiguous_cross() -> None:
    array = np.arange(24).reshape(4, 6)[::2, ::-1].T
    assert np.array_equal(decode(encode(array)), array)


def test_images_cross() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    image = Image(pixels)
    assert (image.width, image.height, repr(image)) == (6, 4, "Image(6x4 RGB)")
    assert decode(encode(image)) == image
    pillow = PillowImage.fromarray(pixels)
    assert decode(encode(pillow)) == image
    assert Image.from_pil(image.to_pil()) == image
    assert image.png().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="read-only"):
        image.array[0, 0, 0] = 1
    with pytest.raises(UnsupportedValue, match=r"\(H, W, 3\)"):
        Image(np.zeros((2, 2), np.float64))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, 2, 3, object()]}, "value['a'][3] is of type object"),
        (lambda: 1, "value is of type function"),
        ([{1, (2, print)}], "builtin_function_or_method"),
        (np.array([None]), "value is a numpy array of object"),
        ({"k": np.zeros(2, [("a", "i4")])}, "value['k'] is a numpy array"),
        (Pose((0.0, 0.0, range(3))), "value.position[2] is of type range"),  # type: ignore[arg-type]
        (dataclasses.make_dataclass("Other", ["x"])(1), "Other, which the tools do not declare"),
        ("\ud800", "not valid Unicode"),
        ({"\udfff": 1}, "not valid Unicode"),
    ],
)
def test_anything_else_is_refused_by_type_and_place(value: Any, place: str) -> None:
    with pytest.raises(UnsupportedValue) as refused:
        encode(value, TYPES)
    assert place in str(refused.value)


def test_depth_and_size_are_limited() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UnsupportedValue, match="deeper than 60"):
        encode(endless)
    with pytest.raises(UnsupportedValue, match="at most 1,000"):
        encode(b"x" * 2_000, max_bytes=1_000)
    with pytest.raises(UnsupportedValue, match="at most 1,000"):
        decode(b"\x00" * 2_000, max_bytes=1_000)
    with pytest.raises(UnsupportedValue, match=r"malformed|nested"):
        decode(b"\x91" * 100_000)


@given(st.binary(max_size=60))
@settings(max_examples=500, deadline=None)
def test_hostile_bytes_give_a_value_or_an_error(data: bytes) -> None:
    with contextlib.suppress(UnsupportedValue):
        decode(data, TYPES)


forms = st.recursive(
    st.none() | st.integers(-5, 20) | st.floats() | st.text("abPoseMdF<>f84i|O", max_size=5) | st.binary(max_size=16),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-1, 14) | st.text("ab", max_size=2), inner, max_size=2)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.integers(0, 13), forms, min_size=1, max_size=1))
@settings(max_examples=1_000, deadline=None)
def test_hostile_forms_give_a_value_or_an_error(form: Any) -> None:
    try:
        value = unpack(msgspec.msgpack.decode(msgspec.msgpack.encode(form)), TYPES)
    except UnsupportedValue:
        return
    to_json(value)


@pytest.mark.parametrize(
    "form",
    [
        {6: ["<f8", [2**40, 2**40], b""]},
        {6: ["|O", [1], b"\x00" * 8]},
        {6: ["<f8", [-1], b""]},
        {6: ["V8", [1], b"\x00" * 8]},
        {6: ["<f8,<f8", [1], b"\x00" * 16]},
        {4: ["Pose", {"position": 1, "nope": 2}]},
        {4: ["Mode", {}]},
        {4: ["dict", {}]},
        {5: ["Mode", "NOPE"]},
        {5: ["Pose", "x"]},
        {2: [{1: [[]]}]},
        {11: [1]},
        {3: {"a": {99: 1}}},
        {1: [], 2: []},
        {"1": []},
        {True: []},
        [{3: {"a": 1}}, {3.0: {"a": 1}}],
        [{3: {"a": 1}}, {3: {1: "a"}}],
        [{3: {"a": 1}}, {3: {"a": 1}, 1: []}],
        [{3: {"a": 1}}, {3: {"a": []}, 1: 1}],
        [{3: {"a": 1}}, {}],
    ],
)
def test_each_malformed_form_is_refused(form: Any) -> None:
    with pytest.raises(UnsupportedValue):
        unpack(form, TYPES)


def test_types_are_made_anew_from_a_description() -> None:
    described = msgspec.msgpack.decode(
        msgspec.msgpack.encode(describe_types({"Mode": Mode, "Level": Level, "Pose": Pose}))
    )
    made = make_types(described)
    pose: Any = made["Pose"]((1.0, 2.0, 3.0))
    assert pose.mode is made["Mode"]["FAST"]  # type: ignore[index]
    assert pose.notes == []
    assert pose.notes is not made["Pose"]((0.0, 0.0, 0.0)).notes
    assert made["Level"](1) == 1
    back = unpack(pack(pose, made), TYPES)
    assert back == Pose((1.0, 2.0, 3.0))


def test_the_form_for_traces_documents_itself() -> None:
    value = {
        "pose": Pose((0.0, float("inf"), 2.0), Mode.SLOW),
        "set": {1},
        "tuple": (1, 2),
        "array": np.arange(3, dtype=np.int16),
        "large": np.zeros((100, 100)),
        "image": Image(np.zeros((2, 3), np.uint8)),
        "bytes": b"\x01\xff",
        "scalar": np.float32(1.5),
        "complex": 1 - 2j,
        "odd": object(),
        "keys": {1: 2},
    }
    text = json.dumps(to_json(value), allow_nan=False)
    assert json.loads(text) == {
        "pose": {
            "type": "Pose",
            "position": {"tuple": [0.0, {"float": "inf"}, 2.0]},
            "mode": {"type": "Mode", "member": "SLOW"},
            "notes": [],
        },
        "set": {"set": [1]},
        "tuple": {"tuple": [1, 2]},
        "array": {"ndarray": {"shape": [3], "dtype": "int16", "data": [0, 1, 2]}},
        "large": {
            "ndarray": {
                "shape": [100, 100],
                "dtype": "float64",
                "sha256": json.loads(text)["large"]["ndarray"]["sha256"],
            }
        },
        "image": {"image": [3, 2], "sha256": json.loads(text)["image"]["sha256"]},
        "bytes": {"bytes": "01ff"},
        "scalar": {"numpy": "float32", "value": 1.5},
        "complex": {"complex": [1.0, -2.0]},
        "odd": {"unsupported": "object"},
        "keys": {"dict": [[1, 2]]},
    }


def test_the_form_of_a_set_does_not_depend_on_the_process() -> None:
    letters = "abcdefghij"
    assert to_json(set(letters)) == {"set": list(letters)}
    assert to_json(frozenset((letter, 1) for letter in letters)) == {
        "frozenset": [{"tuple": [letter, 1]} for letter in letters]
    }


def test_texts_of_other_classes_are_plain_in_traces() -> None:
    assert type(to_json(np.str_("north"))) is str


def test_numpy_takes_an_image_for_its_array() -> None:
    picture = Image(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    assert np.asarray(picture).shape == (2, 4, 3)
    assert np.asarray(picture) is picture.array
    assert np.asarray(picture, dtype=float).dtype == np.float64
    assert np.array(picture).flags.writeable


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", [0x110000, 0x7FFFFFFF, 0xFFFFFFFF, 0xD800, 0xDFFF])
def test_an_array_of_text_holds_characters_only(order: str, code: int) -> None:
    """numpy takes any number for a character, and whoever reads it then gets a SystemError."""
    good = np.array(["a", "\U0010ffff"], dtype=f"{order}U1")
    assert unpack(pack(good, {}), {}).tolist() == ["a", "\U0010ffff"]
    bad = np.array([97, code], dtype=f"{order}u4").view(f"{order}U1")
    with pytest.raises(UnsupportedValue, match="no character"):
        pack(bad, {})
    ((tag, (kind, shape, _)),) = pack(good, {}).items()
    with pytest.raises(UnsupportedValue, match="no character"):
        unpack({tag: [kind, shape, bad.tobytes()]}, {})
    ((tag, _),) = pack(good[0], {}).items()
    with pytest.raises(UnsupportedValue, match="no character"):
        unpack({tag: [kind, bad.tobytes()[4:]]}, {})


def test_a_long_name_of_a_dtype_is_refused_before_numpy_reads_it() -> None:
    """Of so many fields, numpy would take seconds; of as many as one frame holds, minutes."""
    started = time.process_time()
    with pytest.raises(UnsupportedValue):
        unpack({ARRAY: ["<f8," * 50_000 + "<f8", [1], bytes(8)]})
    assert time.process_time() - started < 1


def test_a_boolean_array_holds_true_and_false_only() -> None:
    value = unpack({ARRAY: ["|b1", [2, 2], bytes([0, 1, 2, 255])]})
    assert value.view(np.uint8).tolist() == [[0, 1], [1, 1]]


def test_plain_data_cross_whatever_stands_beside_them() -> None:
    rows = [{"name": "Zoë", "count": 2**64 - 1, "share": 0.5, "place": None}, {"name": "b", "count": 2**64}]
    assert decode(encode(rows)) == rows
    assert decode(encode([{"a": 1}, {"a": 2**70, "b": "x" * 40_000}, {}, {"b": b"x"}])) == [
        {"a": 1},
        {"a": 2**70, "b": "x" * 40_000},
        {},
        {"b": b"x"},
    ]
    assert decode(encode([1, "a", 2**70, b"\0", True])) == [1, "a", 2**70, b"\0", True]
    assert type(decode(encode({"a": np.float64(1.5)}))["a"]) is np.float64


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([{"a": 1, "b": ["x", "\ud800"]}], r"value\[0\]\['b'\]\[1\] is text"),
        ({"a": {"\udc00": 1}}, r"value\['a'\] is text"),
        ([1, {2: {3: object()}}], r"value\[1\]\[2\]\[3\] is of type object"),
        ([{"a": 1}, {"a": "\ud800"}], r"value\[1\]\['a'\] is text"),
        ([{"a": 1}, {"\udc00": 1}], r"value\[1\] is text"),
        ([{"{}": object()}], r"value\[0\]\['\{\}'\] is of type object"),
        ({(1, object()): 1}, r"a key of value\[1\] is of type object"),
        ({object}, r"value\{\.\.\.\} is of type type"),
    ],
)
def test_an_error_names_the_place_at_any_depth(value: object, where: str) -> None:
    with pytest.raises(UnsupportedValue, match=where):
        encode(value)


def test_what_is_unpacked_is_made_anew_each_time() -> None:
    wire = msgspec.msgpack.decode(msgspec.msgpack.encode(pack([{"a": 1}, [1, 2]])))
    first, second = unpack(wire), unpack(wire)
    first[0]["a"] = 2
    first[1].append(3)
    assert second == [{"a": 1}, [1, 2]]


def test_rows_with_a_large_text_put_it_elsewhere() -> None:
    put: list[int] = []
    packed = pack([{"a": "x" * 32_768}, {"a": "y"}], put=lambda array: put.append(array.size) or 7)
    assert put == [32_768]
    assert packed == [{3: {"a": {13: [7, 32_768]}}}, {3: {"a": "y"}}]


def test_rows_are_nested_no_deeper_than_other_values() -> None:
    def nested(row: object, levels: int) -> list[object]:
        value = [row]
        for _ in range(levels):
            value = [value]
        return value

    assert decode(encode(nested({"a": 1}, 58))) == nested({"a": 1}, 58)
    with pytest.raises(UnsupportedValue, match="deeper than 60 levels"):
        encode(nested({"a": 1}, 59))
    with pytest.raises(UnsupportedValue, match="deeper than 60 levels"):
        unpack(nested({3: {"a": 1}}, 59))


@given(plain)
@settings(max_examples=300, deadline=None)
def test_plain_values_cross_without_being_packed(value: Any) -> None:
    if is_plain(value):
        assert same(msgspec.msgpack.decode(msgspec.msgpack.encode(value)), value)
        assert same(decode(encode(value)), value)


def nested_lists(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


ITSELF: list[Any] = []
ITSELF += [ITSELF, ITSELF]


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        [{"a": (1,)}],
        {1: 2},
        [{"a": {None: 1}}],
        2**64,
        [-(2**63) - 1],
        "\ud800",
        [{"\udc00": 1}],
        ["Zoë", "\ud800"],
        "x" * 32_768,
        [b"x" * 32_768],
        {"x" * 32_768: 1},
        [np.float64(1.0)],
        [Level.LOW],
        [Pose((0.0, 0.0, 0.0))],
        nested_lists(60),
        ITSELF,
    ],
)
def test_what_msgpack_would_change_is_not_plain(value: object) -> None:
    assert not is_plain(value)


def test_what_came_as_json_or_as_rows_is_plain() -> None:
    assert is_plain([{"name": "Zoë", "count": 2**64 - 1, "share": 0.5, "tags": [None, True, {}]}, {}, [], b"x"])
    assert is_plain(nested_lists(59))


def test_the_size_of_a_value_is_about_that_of_its_parts() -> None:
    assert size_of("x" * 1_000) == size_of(b"x" * 1_000) == size_of(np.zeros(125)) == 1_064
    assert size_of(2**8_000) == 64 + 1_000
    assert size_of(["x" * 1_000] * 10) == 64 + 10 * (8 + 1_064)
    assert size_of({"a": [1.5, None]}) == 64 + 32 + 65 + 64 + 2 * (8 + 64)
    assert size_of([{"a": ("b", None)}] * 100) == 64 + 100 * (8 + size_of({"a": ("b", None)}))
    assert size_of(Pose((0.0, 1.0, 2.0), notes=["x" * 500])) > 4 * 64 + 564
    assert size_of([Mode.FAST, Image(np.zeros((10, 10), np.uint8))]) == 64 + 2 * 8 + 64 + 164
