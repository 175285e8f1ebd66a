from collections.abc import Sequence, Iterator, Set
from abc import ABC, abstractmethod, ABCMeta

class Squares(Sequence):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(self.n))]
        if i < 0:
            i += self.n
        if not 0 <= i < self.n:
            raise IndexError(i)
        return i * i

s = Squares(6)
print(list(s), 16 in s, s.index(9), s.count(4), list(reversed(s)), s[1:4], s[-1])

class Chars(Iterator):
    def __init__(self, text): self._it = iter(text)
    def __next__(self): return next(self._it).upper()

print("".join(Chars("abc")))

class Repository(metaclass=ABCMeta):
    @abstractmethod
    def get(self, key): ...
    @classmethod
    @abstractmethod
    def create(cls): ...
    @staticmethod
    def normalize(key):
        return key.strip().lower()

class Memory(Repository):
    def __init__(self): self.data = {}
    def get(self, key): return self.data.get(self.normalize(key), "missing")
    @classmethod
    def create(cls): return cls()

m = Memory.create()
m.data["a"] = 1
print(m.get(" A "), m.get("b"), issubclass(Memory, Repository))
try:
    Repository()
except TypeError as e:
    print(str(e).split(" with")[0])
