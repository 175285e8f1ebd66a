# ruff: noqa: E501  (programs as tables: a line is a program)
"""Known ways out of restricted Python are refused by the language itself, without the help of the wall."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codeact.sandbox import Sandbox
from codeact.tools import Toolbox, tool


@tool(effect="read")
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


ESCAPES = {
    "classes above": "().__class__.__bases__[0].__subclasses__()",
    "classes by getattr": "getattr((), '__cla' + 'ss__').__base__",
    "generator frames": "g = (x for x in [1])\ng.gi_frame",
    "generator frames by getattr": "g = (x for x in [1])\ngetattr(g, 'gi_frame')",
    "generator frames in a pattern": "match (x for x in [1]):\n    case object(gi_frame=f):\n        f.f_back",
    "str.format in a pattern": "match 'a':\n    case str(format=f):\n        f",
    "a bound method in a value pattern": (
        "class A:\n    def __eq__(self, other):\n        self.seen = other\n        return True\n"
        "a = A()\ns = '{0.__class__.__subclasses__}'\nmatch a:\n    case s.format:\n        pass\na.seen(1)"
    ),
    "coroutine frames": "async def f(): pass\nf().cr_frame",
    "traceback frames": "try:\n    1/0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
    "traceback frames, no dunder": "try:\n    1/0\nexcept Exception as e:\n    e.with_traceback",
    "the object of an AttributeError": "try:\n    import math\n    math.nope\nexcept AttributeError as e:\n    e.obj",
    "format": "'{0.__class__.__init__.__globals__}'.format(print)",
    "format of a class": "str.format('{0.__class__}', 1).__len__()",
    "format_map": "'{a.__globals__}'.format_map({'a': print})",
    "format through map": "list(map(str.format, ['{0.__globals__}'], [print]))",
    "format of an enum of strings": (
        "from enum import Enum\nclass E(str, Enum):\n    a = '{0.__globals__}'\nE.a.format(print)"
    ),
    "string.Formatter": "import string\nstring.Formatter().format('{0.__class__}', 1)",
    "operator.attrgetter": "from operator import attrgetter\nattrgetter('__class__.__subclasses__')(1)",
    "operator.methodcaller": "from operator import methodcaller\nmethodcaller('__reduce__')(1)",
    "an array as self": "import numpy as np\nclass A:\n    def f(self):\n        return self.tofile\nA.f(np.zeros(1))",
    "an array as self, written to": "import numpy as np\nclass A:\n    def f(self):\n        self.shape = (1, 1)\nA.f(np.zeros(1))",
    "an array as self, changed": "import numpy as np\nclass A:\n    def f(self):\n        self.base += 1\nA.f(np.zeros(1))",
    "a frame of a parameter": "def f(g):\n    return getattr(g, 'gi_frame')\nf(x for x in [1])",
    "format of a parameter": "def f(text):\n    return text.format(f)\nf('{0.__globals__}')",
    "format of a parameter of ours": "class S(str):\n    def f(self):\n        return self.format(S)\nS('{0.f.__globals__}').f()",
    "a parameter that is another later": (
        "import numpy as np\ndef f(p):\n    later = (p.tofile for _ in [1])\n    p = np.zeros(1)\n    return next(later)\nf([])"
    ),
    "a parameter that another function changes": (
        "import numpy as np\ndef f(p):\n    def g():\n        nonlocal p\n        p = np.zeros(1)\n    g()\n    return p.tofile\nf([])"
    ),
    "the types that are let through": "_fast_.add(int)",
    "the types of our own": "_own_",
    "a guard shadowed by an argument": "def f(_getattr_, /):\n    return 1",
    "a guard shadowed by an import": "from math import pi as _getattr_",
    "a guard shadowed by a name": "_write_ = lambda x: x",
    "a guard shadowed by except": "try:\n    1/0\nexcept Exception as _getattr_:\n    pass",
    "a guard shadowed by a pattern": "match 1:\n    case _getattr_:\n        pass",
    "a guard shadowed by a star pattern": "match [1]:\n    case [*_getattr_]:\n        pass",
    "a guard shadowed by a mapping pattern": "match {}:\n    case {**_getattr_}:\n        pass",
    "a guard shadowed by walrus": "(_getattr_ := 1)",
    "a guard shadowed by global": "def f():\n    global _getattr_\n    _getattr_ = 1",
    "a guard shadowed by for": "for _getattr_ in [1]:\n    pass",
    "a guard shadowed by with": "from contextlib import nullcontext\nwith nullcontext(1) as _getattr_:\n    pass",
    "a guard shadowed by a comprehension": "[1 for _getattr_ in [1]]",
    "a guard shadowed by a class": "class _getattr_:\n    pass",
    "a guard shadowed by a wide letter": "＿getattr＿ = 1",
    "super shadowed": "def f(super):\n    return super().__init__",
    "a module through a module": "from json import codecs",
    "a module through an attribute": "import json\njson.codecs",
    "a private submodule": "import numpy._core",
    "a module as a name": "from numpy import _core",
    "sys through statistics": "import statistics\nstatistics.sys",
    "builtins through collections": "import collections\ncollections._sys",
    "sys.modules": "import sys\nsys.modules",
    "a metaclass": "class A(metaclass=print):\n    pass",
    "class keywords": "class A(x=1):\n    pass",
    "__init_subclass__": "class A:\n    def __init_subclass__(cls):\n        pass",
    "names that __getattr__ hears": (
        "import copy\nimport numpy as np\nheard = []\nclass A:\n    def __getattr__(self, name):\n        heard.append(name)\n"
        "        return {'version': 3, 'shape': (1,), 'typestr': '<u8', 'data': (0, False)}\n"
        "np.array(A())\nnp.array([A()])\ncopy.copy(A())\nhasattr(A(), '__array__')\n[name for name in heard if name[:2] == '__'][0]"
    ),
    "__getattribute__": "class A:\n    def __getattribute__(self, name):\n        return 1",
    "__index__": "class A:\n    def __index__(self):\n        return 1",
    "__index__ by type": "type('A', (), {'__index__': lambda self: 1})",
    "__index__ set later": "class A:\n    pass\nA.__index__ = lambda self: 1",
    "__index__ by setattr": "class A:\n    pass\nsetattr(A, '__index__', lambda self: 1)",
    "any name by object.__setattr__": "class A:\n    pass\nobject.__setattr__(A(), '__array_interface__', {})",
    "any name by super().__setattr__": (
        "class A:\n    def f(self):\n        super().__setattr__('__array_interface__', {})\nA().f()"
    ),
    "any name by a __setattr__ of ours": (
        "class A:\n    def __setattr__(self, name, value):\n        object.__setattr__(self, '__' + name + '__', value)\nA().array = 1"
    ),
    "object.__setattr__ on a foreign object": "import sys\nobject.__setattr__(sys.stdout, 'x', 1)",
    "object.__new__ of a foreign class": "import datetime\nobject.__new__(datetime.date)",
    "object.__new__ through a field": (
        "from dataclasses import dataclass, fields\nclass A:\n    __new__: int = 0\nfields(dataclass(A))[0].default"
    ),
    "__setattr__ through a field": (
        "from dataclasses import dataclass, fields\nclass A:\n    __setattr__: int\nfields(dataclass(A))[0].default(1)"
    ),
    "special names in a pattern": "class A:\n    __match_args__ = ('__dict__',)\nmatch A():\n    case A(d):\n        d['__array__'] = 1",
    "names in a pattern that change": (
        "class T(tuple):\n    pass\nclass A:\n    __match_args__ = T(('__dict__',))\nmatch A():\n    case A(d):\n        d"
    ),
    "__class__ set": "class A:\n    pass\nA().__class__ = int",
    "__del__": "class A:\n    def __del__(self):\n        pass",
    "__reduce__": "class A:\n    def __reduce__(self):\n        return (print, ('x',))",
    "__array_interface__": "class A:\n    __array_interface__ = {}",
    "a dunder by setattr": "class A:\n    pass\nsetattr(A, '__getattribute__', print)",
    "type of three": "type('A', (), {'__array_interface__': {}})",
    "type of three, with a foreign base": "from fractions import Fraction\ntype('A', (Fraction,), {})",
    "type of three, with names of ours": "class S(str):\n    pass\ntype('A', (), {S('__array_interface__'): {}})",
    "type of type": "type(int)('A', (), {})",
    "__class__ of a class": "int.__class__('A', (), {})",
    "an enum's functional form": "from enum import Enum\nEnum('E', 'a b', type=int)",
    "a dataclass of a foreign class": "from dataclasses import dataclass\nfrom fractions import Fraction\ndataclass(Fraction)",
    "a foreign base": "from fractions import Fraction\nclass A(Fraction):\n    pass",
    "an array from a buffer": "import numpy as np\nnp.ndarray(shape=(1,), buffer=b'12345678')",
    "an array's pointer": "import numpy as np\nnp.zeros(1).ctypes",
    "an array's file": "import numpy as np\nnp.zeros(1).tofile('/tmp/x')",
    "an array's file by its class": "import numpy as np\nnp.float64.tofile(np.float64(1), '/tmp/x')",
    "an array's file by type": "import numpy as np\ntype(np.zeros(1)).tofile(np.zeros(1), '/tmp/x')",
    "an array's base": "import numpy as np\nnp.zeros(3)[1:].base",
    "an array's dump": "import numpy as np\nnp.zeros(1).dump('/tmp/x')",
    "a generator's bits": "import numpy as np\nnp.random.default_rng(0).bit_generator",
    "numpy files": "import numpy as np\nnp.load('/etc/passwd')",
    "numpy memory maps": "import numpy as np\nnp.memmap",
    "an object dtype": "import numpy as np\nnp.dtype('O')",
    "get_type_hints": "from typing import get_type_hints",
    "ForwardRef": "from typing import ForwardRef",
    "update_wrapper": "from functools import update_wrapper",
    "code in an annotation": (
        "from functools import singledispatch\n@singledispatch\ndef f(x):\n    pass\n@f.register\ndef g(x: \"__import__('os')\"):\n    pass"
    ),
    "a function's globals": "def f():\n    pass\nf.__globals__",
    "a function's code": "def f():\n    pass\nf.__code__ = 1",
    "a bound method's object": "print.__self__",
    "eval": "eval('().__class__.__base__')",
    "eval of a guard": "eval('_getattr_')",
    "eval with a guard of ours": "eval('(1).real', {'_getattr_': print, '__builtins__': {'x': 1}})['x']",
    "eval with built-ins of ours": "import math\neval('__import__(\"os\")', {'__import__': print})",
    "eval with super of ours": "eval('super().__init__', {'super': lambda: print})",
    "eval of code": "eval(compile('1', '', 'eval'))",
    "exec": "exec('import os')",
    "exec over a guard": "exec('_getattr_ = print')",
    "exec in the names of an object": "class A:\n    pass\nexec('__array_interface__ = 1', A().__dict__)",
    "a function made by exec": "names = {}\nexec('def f(): pass', names)\nnames['f'].__globals__",
    "what exec leaves": "names = {}\nexec('x = 1', names)\nnames['__builtins__']",
    "compile": "compile('1', 'x', 'eval')",
    "__import__": "__import__('os')",
    "__builtins__": "__builtins__",
    "__build_class__": "__build_class__",
    "globals": "globals()['_getattr_']",
    "vars of a module": "import math\nvars(math)",
    "vars of a class": "vars(int)",
    "open": "open('/etc/passwd')",
    "breakpoint": "breakpoint()",
    "input": "input()",
    "a class of exception groups": "class G(ExceptionGroup):\n    def split(self, kinds):\n        return 1",
    "a module written to": "import math\nmath.pi = 3",
    "a module's names": "import math\nmath._names",
    "a module copied": "import copy, math\ncopy.copy(math)",
    "a tool copied": "import copy\ncopy.deepcopy(double)",
    "a tool written to": "double.__doc__ = 'x'",
    "a built-in type written to": "int.x = 1",
    "code in the name of a field": (
        "from dataclasses import dataclass\nclass A:\n    x: int = 0\n"
        "A().__annotations__[\"y: (__import__('os').getpid()) = 1, z\"] = int\ndataclass(A)"
    ),
    "an array interface in a dictionary of attributes": (
        "import numpy as np\nclass A:\n    pass\na = A()\n"
        "a.__dict__['__array_interface__'] = {'version': 3, 'shape': (1,), 'typestr': '<u8', 'data': (0, False)}\nnp.array(a)"
    ),
    "an array interface through vars": "class A:\n    pass\nvars(A())['__array_interface__'] = 1",
    "an array interface through update": "class A:\n    pass\nA().__dict__.update(__array_interface__=1)",
    "an array interface through setitem": "from operator import setitem\nclass A:\n    pass\nsetitem(A().__dict__, '__array__', 1)\nA().__array__",
    "an array interface in a name space": "from types import SimpleNamespace\nSimpleNamespace(**{'__array_interface__': {}})",
    "an array interface in a slot": "class A:\n    __slots__ = ('__array_interface__',)",
    "format through super": "class S(str):\n    def f(self):\n        return super().format\nS('{0.__globals__}').f()(print)",
    "format through super of two": "class S(str):\n    pass\nsuper(S, S('{0.__globals__}')).format(print)",
    "format of a string of ours": "class S(str):\n    pass\nS('{0.__globals__}').format(print)",
    "an array's maker through an index tool": "import numpy as np\nnp.c_.makemat",
    "a base that only says it is one": (
        "class F:\n    def __hash__(self): return hash(object)\n    def __eq__(self, o): return True\nclass A(F()):\n    pass"
    ),
    "threads": "import threading",
    "pickle": "import pickle",
    "ctypes": "import ctypes",
    "print to an object of ours": "print('x', file=1)",
    "mangled names of ours": "class Guards:\n    def f(self, g):\n        return g.__own\nGuards().f(double)",
    "a partial of getattr": "from functools import partial\npartial(getattr, 1)('__class__').__subclasses__",
    "getattr with a string of ours": "class S(str):\n    pass\ngetattr(1, S('__class__'))",
    "sort with a dunder": "sorted([1], key=int.__class__)",
    "lambda default": "f = lambda x=().__class__.__base__: x",
    "decorator": "@().__class__.__base__.__subclasses__\ndef f(): pass",
    "f-string": "f'{().__class__.__base__}'",
    "f-string spec": "f'{1:{().__class__.__base__}}'",
}


@pytest.fixture(scope="module")
def filtered() -> Iterator[Sandbox]:
    """The filter with as little of the wall as possible: what holds here is the language's doing."""
    with Sandbox(Toolbox([double]), without=("landlock", "seccomp", "uid", "rlimits")) as made:
        yield made


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_from_the_language(filtered: Sandbox, name: str) -> None:
    execution = filtered.run(ESCAPES[name])
    assert execution.error is not None, f"it ran: {execution}"
    assert execution.error.type not in ("WorkerLost", "ProtocolError"), execution.error.text
    assert not execution.restarted
    assert "/work" not in execution.error.text
    assert "codeact" not in execution.error.text
    assert filtered.run("1 + 1").value == 2
