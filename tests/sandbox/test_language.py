# ruff: noqa: E501  (programs as tables: a line is a program)
"""Natural Python, of the kind that models write, gives the same output as CPython itself."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest

from codeact.sandbox import Sandbox
from codeact.sandbox.language.program import Interpreter

SNIPPETS = {
    "loops": "total = 0\nfor i in range(10):\n    if i % 2: continue\n    total += i\nelse:\n    print('done')\nprint(total)",
    "augmented items": "d = {'a': 1}\nd['a'] += 2\nd.setdefault('b', []).append(3)\nl = [1, 2]\nl[0] *= 5\nl[1:] += [7]\nprint(d, l)",
    "augmented attributes": "class A:\n    n = 0\na = A()\na.n += 3\na.n <<= 2\nA.n -= 1\nprint(a.n, A.n)",
    "order of evaluation": (
        "log = []\ndef f(x):\n    log.append(x)\n    return x\nd = {1: 1}\nd[f(1)] += f(2)\nprint(d, log)\n"
        "class B:\n    x = 1\nb = B()\ndef g():\n    log.append('obj')\n    return b\ng().x += f(3)\nprint(b.x, log)"
    ),
    "unpacking": "a, (b, *c), d = 1, (2, 3, 4), 5\n[e, f] = 'xy'\nfor i, (x, y) in enumerate([(1, 2)]): print(i, x, y)\nprint(a, b, c, d, e, f)",
    "comprehensions": "print([x*y for x in range(3) for y in range(3) if x != y], {x: x**2 for x in range(3)}, {x % 2 for x in range(5)})",
    "star arguments": "def f(*args, k=1, **kw): return args, k, kw\nprint(f(*[1, 2], **{'k': 3, 'z': 4}))\nprint([*range(3), *'ab'], {**{'a': 1}, 'b': 2})",
    "annotations": "x: int = 3\ny: 'list[int]'\ndef f(a: int, b: str = 'x') -> list[int]:\n    z: float = 1.0\n    return [a]\nprint(x, f(1))",
    "closures": "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step\nc = counter()\nc()\nprint(c())",
    "globals": "n = 0\ndef step():\n    global n\n    n += 1\nstep()\nstep()\nprint(n)",
    "decorators": (
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a):\n        g.calls += 1\n        return f(f(*a))\n    g.calls = 0\n    return g\n"
        "@twice\ndef inc(x):\n    'Adds.'\n    return x + 1\nprint(inc(1), inc.__name__, inc.__doc__, inc.calls)"
    ),
    "classes": (
        "class Animal:\n    count = 0\n    def __init__(self, name):\n        self._name = name\n        Animal.count += 1\n"
        "    @property\n    def name(self):\n        return self._name\n    @name.setter\n    def name(self, v):\n        self._name = v\n"
        "    @staticmethod\n    def kind(): return 'animal'\n    @classmethod\n    def make(cls, n): return cls(n)\n    def __repr__(self): return f'{type(self).__name__}({self._name!r})'\n"
        "class Dog(Animal):\n    def __init__(self, name):\n        super().__init__(name)\n        self.tricks = []\n    def __eq__(self, o): return self.name == o.name\n"
        "    def __len__(self): return len(self.tricks)\n"
        "d = Dog.make('rex')\nd.name += '!'\nd.tricks.append('sit')\nprint(d, len(d), d == Dog('rex!'), Animal.count, Dog.kind(), isinstance(d, Animal), d.__class__.__name__)"
    ),
    "private names": "class Account:\n    def __init__(self):\n        self.__balance = 0\n    def add(self, n):\n        self.__balance += n\n        return self\n    def get(self): return self.__balance\nprint(Account().add(3).get())\n_hidden = 2\nprint(_hidden)",
    "operators": (
        "class V:\n    def __init__(self, x, y): self.x, self.y = x, y\n    def __add__(self, o): return V(self.x + o.x, self.y + o.y)\n    def __mul__(self, k): return V(self.x * k, self.y * k)\n"
        "    __rmul__ = __mul__\n    def __repr__(self): return f'V({self.x}, {self.y})'\n    def __lt__(self, o): return self.x < o.x\n    def __iter__(self): return iter((self.x, self.y))\n"
        "    def __getitem__(self, i): return (self.x, self.y)[i]\n    def __bool__(self): return bool(self.x)\n    def __hash__(self): return hash(self.x)\n    def __neg__(self): return V(-self.x, -self.y)\n"
        "v = V(1, 2) + V(3, 4) * 2\nv += V(1, 1)\nprint(v, list(v), v[0], bool(v), sorted([V(2, 0), V(1, 0)]), -v)"
    ),
    "dataclasses": (
        "from dataclasses import dataclass, field, asdict, replace\n@dataclass(order=True)\nclass P:\n    x: float\n    y: float = 0.0\n    tags: list = field(default_factory=list)\n"
        "    def __post_init__(self): self.n = self.x + self.y\np = P(1, 2)\np.tags.append('a')\nprint(p, asdict(p), replace(p, x=5), p < P(2), p.n)"
    ),
    "enums": "from enum import Enum, auto, IntEnum\nclass C(Enum):\n    RED = auto()\n    BLUE = auto()\nclass N(IntEnum):\n    A = 1\nprint(C.RED, C.RED.value, C['BLUE'].name, list(C), N.A + 1, C(1) is C.RED, len(C.__members__))",
    "named tuples": "from collections import namedtuple\nfrom typing import NamedTuple\nP = namedtuple('P', 'x y')\nclass Q(NamedTuple):\n    a: int\n    b: str = 'z'\np = P(1, 2)\nprint(p, p.x, p._replace(x=3), p._asdict(), Q(1), Q(1).b)",
    "generators": "def fib():\n    a, b = 0, 1\n    while True:\n        got = yield a\n        a, b = b, a + b\ng = fib()\nprint([next(g) for _ in range(8)])\ndef chain(*its):\n    for it in its:\n        yield from it\nprint(list(chain('ab', [1])), sum(x for x in range(4)))",
    "iterators": "class Up:\n    def __init__(self, n): self.i, self.n = 0, n\n    def __iter__(self): return self\n    def __next__(self):\n        if self.i >= self.n: raise StopIteration\n        self.i += 1\n        return self.i\nprint(list(Up(3)), max(Up(4)), 2 in Up(3))",
    "context managers": (
        "from contextlib import contextmanager, suppress\n@contextmanager\ndef tag(n):\n    print('<', n)\n    try:\n        yield n\n    finally:\n        print('>')\n"
        "with tag('a') as t, suppress(ZeroDivisionError):\n    print(t)\n    1/0\nclass M:\n    def __enter__(self): return (1, 2)\n    def __exit__(self, *a): return True\nwith M() as (a, b):\n    raise ValueError\nprint(a, b)"
    ),
    "exceptions": (
        "class Bad(ValueError):\n    def __init__(self, code):\n        super().__init__(f'bad {code}')\n        self.code = code\ntry:\n    try:\n        raise Bad(3)\n    except Bad as e:\n        print(e, e.code, type(e).__name__, e.args)\n        raise RuntimeError('x') from e\n"
        "except (KeyError, RuntimeError) as e:\n    print(repr(e), repr(e.__cause__))\nelse:\n    print('no')\nfinally:\n    print('end')\ntry:\n    [][1]\nexcept:\n    print('bare')\ntry:\n    assert 1 == 2, 'unequal'\nexcept AssertionError as e: print(e)"
    ),
    "match": (
        "from dataclasses import dataclass\nfrom enum import Enum\nclass C(Enum):\n    R = 1\n@dataclass\nclass P:\n    x: int\n    y: int\n"
        "def f(v):\n    match v:\n        case 0 | 1: return 'small'\n        case C.R: return 'red'\n        case int(n) if n > 100: return f'big {n}'\n        case int(): return 'int'\n        case str() as s: return s.upper()\n        case [a, *rest]: return (a, rest)\n"
        "        case {'k': v, **more}: return (v, more)\n        case P(x=0, y=yy): return ('on axis', yy)\n        case P(a, b): return a + b\n        case None: return 'none'\n        case _: return 'other'\n"
        "for v in (1, C.R, 5, 500, 'ab', [1, 2, 3], {'k': 1, 'z': 2}, P(0, 3), P(4, 5), None, 2.5): print(f(v))"
    ),
    "walrus": "if (n := len('abc')) > 2: print(n)\nprint([y for x in range(5) if (y := x * x) > 3])",
    "async": (
        "import asyncio\nasync def work(n):\n    await asyncio.sleep(0)\n    return n * 2\nasync def agen():\n    for i in range(2):\n        yield i\n"
        "async def main():\n    print(await asyncio.gather(work(1), work(2)))\n    t = asyncio.create_task(work(5))\n    print(await t)\n    async for i in agen(): print(i)\n    print([i async for i in agen()])\n    return 'ok'\nprint(asyncio.run(main()))"
    ),
    "str.format": "class P:\n    x = 3\nprint('{} {:>5} {0}'.replace(' {0}', '').format(1, 'a'), '{0.x} {1[k]} {n!r:>4}'.format(P(), {'k': 2}, n='q'), '{:{w}.{p}f}'.format(3.14159, w=8, p=2), '%s %d' % ('a', 1))",
    "f-strings": "x = 3.14159\nd = {'a': 1}\nprint(f'{x:.2f} {x!r} {d[\"a\"]} {x = :.1f} {\"n\":>{5}} {1_000:,} {{}}')",
    "strings": "s = ' Hello, World '\nprint(s.strip().lower().split(','), s.title(), '-'.join('abc'), s[::-1], 'x'.center(5, '*'), 'a,b'.partition(','), 'é'.encode(), b'a'.decode(), 'abc'.translate(str.maketrans('a', 'z')))",
    "math": "import math\nfrom math import *\nprint(math.sqrt(2), pi, floor(2.7), math.comb(5, 2), round(e, 3), math.isclose(0.1 + 0.2, 0.3), hypot(3, 4))",
    "statistics": "import statistics as st\nprint(st.mean([1, 2, 3]), st.median([1, 5, 2]), round(st.stdev([1, 2, 4]), 4), st.mode('aab'))",
    "itertools": "import itertools as it\nprint(list(it.combinations('abc', 2)), list(it.accumulate([1, 2, 3])), list(it.islice(it.count(), 3)), [(k, list(g)) for k, g in it.groupby('aab')], list(it.chain.from_iterable([[1], [2]])))",
    "collections": "from collections import Counter, defaultdict, deque, OrderedDict\nc = Counter('banana')\nd = defaultdict(list)\nd['x'].append(1)\nq = deque([1, 2], maxlen=2)\nq.append(3)\nprint(c.most_common(1), dict(d), list(q), c['z'])\nc['a'] += 5\nprint(c['a'])",
    "json": "import json\ns = json.dumps({'b': [1, None, True], 'a': 'é'}, sort_keys=True, indent=1)\nprint(s, json.loads(s)['b'])\ntry:\n    json.loads('{')\nexcept json.JSONDecodeError as e: print(e.msg, e.pos)",
    "re": "import re\nm = re.search(r'(?P<y>\\d{4})-(\\d\\d)', 'on 2024-05')\nprint(m.group('y'), m.groups(), m.span(), re.sub(r'\\d', lambda m: str(int(m.group()) + 1), 'a1b2'), re.findall('[a-z]+', 'ab cd'), re.compile('x', re.I).match('X') is not None)",
    "datetime": "from datetime import datetime, timedelta, date\nd = datetime(2024, 2, 28) + timedelta(days=2)\nprint(d, d.isoformat(), d.strftime('%A %d %B %Y'), date(2024, 3, 1).weekday(), datetime.strptime('2024-01-02', '%Y-%m-%d').date(), d > datetime(2020, 1, 1), (d - datetime(2024, 1, 1)).days)",
    "random": "import random\nrandom.seed(7)\nprint(random.randint(1, 10), random.choice('abc'), random.sample(range(10), 3), round(random.random(), 6))\nx = [1, 2, 3]\nrandom.shuffle(x)\nprint(x, random.Random(1).randint(0, 9))",
    "functools": "from functools import lru_cache, reduce, partial, cache, total_ordering\n@lru_cache(maxsize=None)\ndef fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\nprint(fib(50), reduce(lambda a, b: a * b, [1, 2, 3, 4]), partial(int, base=2)('101'), fib.cache_info().hits)",
    "heapq and bisect": "import heapq, bisect\nh = [5, 1, 4]\nheapq.heapify(h)\nheapq.heappush(h, 0)\nprint(heapq.heappop(h), heapq.nsmallest(2, h), bisect.bisect([1, 3, 5], 3))",
    "decimal and fractions": "from decimal import Decimal, getcontext\nfrom fractions import Fraction\ngetcontext().prec = 10\nprint(Decimal(1) / 3, Decimal('0.1') + Decimal('0.2'), Fraction(1, 3) + Fraction(1, 6))",
    "typing": "from typing import List, Optional, Dict, TypeVar, Generic, Callable\nT = TypeVar('T')\nclass Stack(Generic[T]):\n    def __init__(self) -> None: self.items: List[T] = []\n    def push(self, x: T) -> None: self.items.append(x)\ns = Stack[int]()\ns.push(1)\ndef f(x: Optional[Dict[str, int]] = None) -> Callable[[int], int]: return lambda n: n\nprint(s.items, f()(3))",
    "abstract classes": "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\nclass Sq(Shape):\n    def __init__(self, s): self.s = s\n    def area(self): return self.s ** 2\nprint(Sq(3).area())\ntry:\n    Shape()\nexcept TypeError: print('abstract')",
    "numpy": (
        "import numpy as np\na = np.arange(6).reshape(2, 3)\na[0, 1] += 10\na[a > 3] *= 2\nprint(a, a.sum(axis=0), a.T.shape, a.mean(), np.linalg.norm([3, 4]), (a @ a.T).tolist(), a.dtype)\nrng = np.random.default_rng(0)\nprint(rng.integers(0, 10, 3), np.round(rng.normal(size=2), 4))\n"
        "x = np.linspace(0, 1, 3)\nprint(np.polyfit(x, 2 * x + 1, 1).round(6), np.where(x > 0.4, 1, 0), isinstance(x, np.ndarray), np.isnan(np.nan), x[-1].item())"
    ),
    "main": "def main():\n    print('in main')\n\nif __name__ == '__main__':\n    main()",
    "recursion": "def hanoi(n, a='A', b='B', c='C'):\n    return 0 if n == 0 else hanoi(n-1, a, c, b) + 1 + hanoi(n-1, c, b, a)\nprint(hanoi(6))",
    "sorting": "words = ['bb', 'a', 'ccc']\nprint(sorted(words, key=len, reverse=True), sorted(words, key=lambda w: (-len(w), w)), min(words, key=len), list(reversed(words)), list(zip(words, range(3))), any(w == 'a' for w in words))\nfrom operator import itemgetter, attrgetter\nprint(sorted([(2, 'a'), (1, 'b')], key=itemgetter(0)))",
    "sets and dicts": "a, b = {1, 2}, {2, 3}\nprint(a & b, a | b, a - b, a ^ b)\nd = {'x': 1, 'y': 2}\nfor k, v in d.items(): print(k, v)\nd.update(z=3)\ndel d['x']\nprint(d, d.get('q', 0), d | {'w': 9}, {v: k for k, v in d.items()}, list(d)[0], 'y' in d)\nd.pop('y')\nprint(len(d))",
    "csv and io": "import csv, io\nrows = list(csv.DictReader(io.StringIO('a,b\\n1,2\\n3,4')))\nprint(rows[1]['b'])\nout = io.StringIO()\ncsv.writer(out).writerow([1, 'x'])\nprint(out.getvalue().strip())\nprint('x', file=out)",
    "copy": "import copy\nclass N:\n    def __init__(self): self.kids = [[1]]\nn = N()\nm = copy.deepcopy(n)\nm.kids[0].append(2)\nprint(n.kids, m.kids, copy.copy([1]))",
    "sys": "import sys\nsys.stdout.write('out\\n')\nprint(sys.maxsize > 2**31, sys.version_info >= (3, 8), file=sys.stdout)",
    "getattr": "class A:\n    x = 1\na = A()\nsetattr(a, 'y', 2)\nprint(getattr(a, 'x'), getattr(a, 'z', 'no'), hasattr(a, 'y'), vars(a), a.__dict__)\ndelattr(a, 'y')\nprint(hasattr(a, 'y'), type(a) is A, type(3) == int, isinstance(3, (int, str)), issubclass(bool, int), callable(a))",
    "lambdas in loops": "fs = [lambda x, i=i: x + i for i in range(3)]\nprint([f(10) for f in fs], (lambda *a, **k: (a, k))(1, b=2))",
    "slots and class variables": "class P:\n    __slots__ = ('x',)\n    def __init__(self): self.x = 1\np = P()\ntry:\n    p.y = 2\nexcept AttributeError: print('slots')\nclass Q:\n    items = []\n    def add(self, i): self.items.append(i)\nQ().add(1)\nprint(Q.items)",
    "try in a loop": "for s in ['1', 'x', '3']:\n    try:\n        n = int(s)\n    except ValueError as e:\n        print(f'skip: {e}')\n        continue\n    else:\n        print(n)\nwhile True:\n    break\nelse:\n    print('never')",
    "complex numbers and bits": "z = 3 + 4j\nprint(abs(z), z.conjugate(), 0b101 ^ 3, ~5, 7 // 2, -7 % 3, 2 ** 100, hex(255), divmod(7, 3), 1e3, 0.1 + 0.2, int('ff', 16))",
    "string enums": "from enum import Enum\nclass S(str, Enum):\n    A = 'a'\nprint(S.A == 'a', S.A.value, S('a').name, S.A.upper())",
    "type dispatch": "handlers = {int: 'int', str: 'str', list: 'list'}\nfor v in (1, 'a', []): print(handlers[type(v)], type(v).__name__, v.__class__.__name__)",
    "cached property": "from functools import cached_property\nclass A:\n    n = 0\n    @cached_property\n    def big(self):\n        A.n += 1\n        return 42\na = A()\nprint(a.big, a.big, A.n)",
    "inherits from dict": "class D(dict):\n    def __missing__(self, k): return k * 2\nd = D(a=1)\nd['b'] = 2\nprint(d['z'], d, len(d), d.get('a'))\nclass L(list):\n    def total(self): return sum(self)\nprint(L([1, 2]).total())",
    "multiple inheritance": "class A:\n    def f(self): return ['A']\nclass B(A):\n    def f(self): return ['B'] + super().f()\nclass C(A):\n    def f(self): return ['C'] + super().f()\nclass D(B, C):\n    def f(self): return ['D'] + super().f()\nprint(D().f())",
    "future annotations": "from __future__ import annotations\nclass N:\n    def f(self, o: N) -> N: return o\nprint(N().f(1))",
    "hashing": "import hashlib, base64\nprint(hashlib.sha256(b'a').hexdigest()[:8], base64.b64encode(b'hi').decode())",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def by_cpython(code: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "<plain>", "exec", dont_inherit=True), {"__name__": "__main__"})
    return out.getvalue()


@pytest.mark.parametrize("name", SNIPPETS)
def test_natural_python(sandbox: Sandbox, name: str) -> None:
    execution = sandbox.run(SNIPPETS[name])
    assert execution.error is None, execution.error.text if execution.error else ""
    assert execution.stdout == by_cpython(SNIPPETS[name])


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("1 + 1", 2, "2"),
        ("x = 3", None, ""),
        ("None", None, ""),
        ("'a'\n", "a", "'a'"),
        ("[1, (2, 3), {'k': {4}}]", [1, (2, 3), {"k": {4}}], "[1, (2, 3), {'k': {4}}]"),
        ("for i in range(2): i", None, ""),
        ("x = 2; x", 2, "2"),
        ("def f(): return 5\nf()", 5, "5"),
        ("print('x')", None, ""),
        ("await_me = 1\nasync def f(): return 7\nawait f()", 7, "7"),
    ],
)
def test_the_last_expression_has_a_value_as_in_a_notebook(
    sandbox: Sandbox, code: str, value: object, shown: str
) -> None:
    execution = sandbox.run(code)
    assert execution.ok, execution.error
    assert execution.value == value
    assert execution.shown == shown


def test_a_value_that_cannot_cross_is_shown(sandbox: Sandbox) -> None:
    execution = sandbox.run("class A:\n    def __repr__(self): return 'an A'\n[A()]")
    assert execution.value is None
    assert execution.observation() == "[an A]"


def test_a_program_may_leave_early(sandbox: Sandbox) -> None:
    execution = sandbox.run("import sys\nprint(1)\nsys.exit()\nprint(2)")
    assert execution.ok
    assert execution.stdout == "1\n"


def test_asyncio_runs_behind_the_wall_without_the_filter() -> None:
    code = (
        "import asyncio\nasync def work(n):\n    await asyncio.sleep(0.001 * n)\n    return n\n"
        "async def main():\n    return await asyncio.gather(work(2), work(1))\nasyncio.run(main())"
    )
    with Sandbox(without=("filter",)) as behind_wall:
        execution = behind_wall.run(code)
    assert execution.value == [2, 1], execution.error


def test_the_texts_of_old_programs_are_forgotten_and_errors_told_all_the_same() -> None:
    interpreter = Interpreter(True)
    interpreter.run("def early():\n    return 1 / 0")
    padding = "#" * 150_000
    for _ in range(20):
        assert interpreter.run(f"x = 1 {padding}").error is None
    interpreter.run("def late():\n    early()")
    error = interpreter.run("late()").error
    assert error is not None
    assert error[:3] == ("ZeroDivisionError", "division by zero", 1)
    assert "in late\n    early()" in error[3]
    assert "1 / 0" not in error[3]
    kept = sum(map(len, interpreter._sources.values()))
    assert 1_500_000 < kept <= 2_000_000
    assert interpreter.run(f"y = (\n {padding * 20}").error is not None  # one that is longer than all that is kept
    assert interpreter.run("early()").error is not None
