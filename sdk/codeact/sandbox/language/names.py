"""Names: which a program may use as attributes and special methods, and what to use instead of others."""

from __future__ import annotations

import re

from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from codeact.sandbox.text import words

METHODS = words(
    """__init__ __repr__ __str__ __len__ __bool__ __iter__ __next__ __getitem__ __setitem__ __delitem__
    __contains__ __call__ __enter__ __exit__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __add__ __radd__
    __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ __imul__ __truediv__ __rtruediv__ __itruediv__
    __floordiv__ __rfloordiv__ __ifloordiv__ __mod__ __rmod__ __imod__ __divmod__ __rdivmod__ __pow__ __rpow__
    __ipow__ __matmul__ __rmatmul__ __imatmul__ __and__ __rand__ __iand__ __or__ __ror__ __ior__ __xor__
    __rxor__ __ixor__ __lshift__ __rlshift__ __ilshift__ __rshift__ __rrshift__ __irshift__ __neg__ __pos__
    __abs__ __invert__ __int__ __float__ __complex__ __round__ __trunc__ __floor__ __ceil__ __bytes__ __format__
    __length_hint__ __post_init__ __reversed__ __missing__ __copy__ __set_name__ __aenter__ __aexit__ __aiter__
    __anext__ __await__"""
)
"""The special methods that a class may define, and that a program may call and set by name. Never those that change how
attributes are found or objects made, nor `__index__`: C code calls it half way through what it does (see
docs/sandbox-language.md)."""

CAREFUL = words("""__new__ __getattr__ __setattr__ __delattr__ __get__ __set__ __delete__""")
"""Special methods that a class may define, and that guards.py stands around: `__new__` makes only instances of a
program's own classes, and the others never hear of, or set, an attribute that a program may not name."""

FORMATS = frozenset(["format", "format_map"])
"""Names that on text are no plain attributes: what a text is formatted with is read by them."""

EXCEPTION_BANNED = frozenset(["obj", "with_traceback"])
BESIDES_FORMATS = FORMATS | EXCEPTION_BANNED
"""Names that are harmless but on text and exceptions."""

READABLE = words(
    """__name__ __qualname__ __doc__ __class__ __dict__ __version__ __cause__ __context__ __suppress_context__
    __notes__ __members__ __annotations__ __module__ __bases__ __mro__ __wrapped__ __defaults__ __code__
    __fields__ __dataclass_fields__ __match_args__"""
)
"""The special attributes that a program may name; each is checked again when it is read."""

SPECIAL = READABLE | METHODS | CAREFUL

BANNED = INSPECT_ATTRIBUTES | words(
    """mro with_traceback f_generator func_globals func_code ctypes cffi capsule bit_generator gi_frame cr_frame
    ag_frame"""
)
"""Attribute names that lead out, on one type or another."""

_PRIVATE = re.compile(r"__?(?!_)[A-Za-z0-9](?:_{0,2}[A-Za-z0-9])*\Z")


def is_private(name: str) -> bool:
    """Whether a name is a program's own private one: `_x` or `__x`. Never `__x__`, and never a hook of ours: those
    end in an underscore. Nor one by which asyncio knows futures: it would hand its own callbacks to what has it."""
    return _PRIVATE.match(name) is not None and not name.endswith("_") and not name.startswith("_asyncio_")


def checked_name(name: object) -> str:
    """An attribute's name that came as a value, if a program may use it.

    Raises:
        TypeError, AttributeError
    """
    if type(name) is not str:
        raise TypeError(f"attribute name must be a string, not {type(name).__name__}")
    if name in BANNED or (name.startswith("_") and name != "_" and name not in SPECIAL and not is_private(name)):
        raise AttributeError(f"the attribute {name} is not available here", name=name)
    return name


_INSTEAD = {
    "__len__": "use len(x)",
    "__str__": "use str(x)",
    "__repr__": "use repr(x)",
    "__getitem__": "use x[...]",
    "__contains__": "use `in`",
    "__call__": "use x(...)",
    "__eq__": "use ==",
    "__hash__": "use hash(x)",
    "__index__": "define __int__ and write int(x)",
    "__init_subclass__": "write a class decorator, or a function that you call with each class",
    "metaclass": "write a class decorator, or a function that you call with each class",
    "__class_getitem__": "derive from Generic[T], or leave it out",
    "__getattribute__": "define __getattr__, which hears of missing attributes, or a property",
    "__del__": "use a context manager (with __enter__ and __exit__)",
    "__deepcopy__": "give the class a method that makes the copy",
    "__instancecheck__": "write a function that checks",
    "__subclasshook__": "write a function that checks",
    "__prepare__": "write a class decorator",
    "__globals__": "name the variables",
    "__subclasses__": "keep a list of the classes yourself",
    "__traceback__": "traceback.format_exc() tells the error as text",
    "__builtins__": "name the functions themselves",
    "__import__": "use an import statement",
    "__file__": "files cannot be reached from here",
    "__closure__": "return the values that you want to see",
    **dict.fromkeys(
        ["__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__"],
        "nothing is pickled here; define __copy__ for copy.copy, and write data as json",
    ),
}


def instead(name: str) -> str:
    """What to use instead of a special name, to add to a message."""
    return f"; {_INSTEAD[name]}" if name in _INSTEAD else ""
