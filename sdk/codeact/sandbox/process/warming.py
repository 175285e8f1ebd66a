"""Calls once, before the wall is up, what imports something or remembers something when it is first called."""

from __future__ import annotations

import collections
import contextlib
import copy
import csv
import datetime
import decimal
import hashlib
import io
import json
import pprint
import random
import statistics
import string
import time
import uuid
import warnings

import numpy as np

from codeact.sandbox.language import loop, zones


def warm_up() -> None:
    """Behind the wall no import finds a file."""
    datetime.datetime.strptime("2020-01-31", "%Y-%m-%d")
    time.strptime("2020", "%Y")
    (10**30_000) // (3**40_000)  # from Python 3.12 on in a module of its own, _pylong
    datetime.datetime.now().astimezone().strftime("%c")
    statistics.stdev([1, 2, 3])
    decimal.Decimal(1) / 3
    random.seed(0)
    string.Template("$a").substitute(a=1)
    collections.namedtuple("P", "x")
    "é".encode("idna"), "é".encode("latin-1"), b"ab".decode("utf-16"), "a".encode("cp1252"), "a".encode("ascii")
    uuid.uuid4()
    json.dumps({"a": [1.5, None]}, indent=1)
    hashlib.new("sha256", b"").hexdigest()
    pprint.pformat({"a": list(range(50))})
    csv.DictReader(io.StringIO("a,b\n1,2")).__next__()
    copy.deepcopy([{"a": np.arange(2)}])
    with contextlib.suppress(ValueError):
        int("x")
    array = np.arange(6.0).reshape(2, 3)
    for name in [
        "mean",
        "std",
        "var",
        "sum",
        "prod",
        "min",
        "max",
        "any",
        "all",
        "argmin",
        "argmax",
        "round",
        "cumsum",
        "cumprod",
        "ptp",
        "trace",
        "ravel",
        "tolist",
        "sort",
    ]:
        with contextlib.suppress(Exception):
            getattr(array, name)()
    repr(array), str(array), f"{array[0, 0]:.2f}", array @ array.T, array.astype(int), array.clip(0, 1)
    square = array @ array.T + np.eye(2)
    (
        np.linalg.svd(array),
        np.linalg.inv(square),
        np.linalg.solve(square, [1, 2]),
        np.linalg.eigh(square),
        np.linalg.norm(array),
    )
    np.random.default_rng(0).normal(size=3), np.random.seed(0), np.random.rand(2)
    np.fft.fft(array), np.einsum("ij,ij", array, array), np.percentile(array, 5), np.median(array), np.histogram(array)
    (
        np.interp(1, [0, 2], [0, 2]),
        np.array(["a"]),
        np.array([1 + 2j]),
        np.unique([2, 1, 2]),
        np.polyfit([0, 1, 2], [0, 1, 2], 1),
    )
    np.array2string(array), repr(np.float64(1)), repr(np.array([1 + 2j, 3])), repr(np.array([True])), np.nanmean(array)
    repr(np.array(["2020-01-01"], dtype="datetime64[D]"))
    for attempt in (
        lambda: array.reshape(7),
        lambda: array @ array,
        lambda: np.linalg.inv(np.zeros((2, 2))),
        lambda: np.zeros(2) + np.zeros(3),
        lambda: np.zeros(2) / 0,
        lambda: array[9],
    ):
        with contextlib.suppress(Exception), np.errstate(all="ignore"):
            attempt()
    text = np.array(["a", "b"])
    np.char.upper(text), np.char.add(text, "x"), np.char.center(text, 3), np.sort(text), np.poly1d([1, 2])(3)
    np.polynomial.Polynomial([1, 2]).deriv()
    loop.warm_up()
    zones.warm_up()
    warnings.simplefilter("ignore")
