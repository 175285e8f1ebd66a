"""Types that are not the program's own, and what it may do with them."""

from __future__ import annotations

import abc
import builtins
import collections
import datetime
import decimal
import enum
import fractions
import typing

FREE = frozenset(
    [
        list,
        dict,
        set,
        frozenset,
        tuple,
        int,
        float,
        complex,
        bool,
        bytes,
        bytearray,
        range,
        type(None),
        collections.deque,
    ]
)
"""Types all of whose public attributes are harmless, as long as `format` is not among them."""

EXCEPTIONS = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not name.startswith("_")
}

CONSTRUCTIBLE: set[type] = {
    *FREE,
    str,
    object,
    slice,
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
    fractions.Fraction,
    collections.Counter,
    collections.defaultdict,
    collections.OrderedDict,
    *EXCEPTIONS.values(),
}
"""Types that `type(x)` may give back, because a program may make instances of them anyway."""

FAST_BASES = frozenset(
    [object, abc.ABC, typing.Generic, typing.Protocol, list, dict, set, tuple, int, float, enum.Enum, enum.IntEnum]
)
"""Bases that leave a class's attributes harmless."""
