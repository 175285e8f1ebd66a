from functools import total_ordering

@total_ordering
class Version:
    def __init__(self, text):
        self.parts = tuple(int(p) for p in text.split("."))

    def __eq__(self, other):
        if not isinstance(other, Version):
            return NotImplemented
        return self.parts == other.parts

    def __lt__(self, other):
        if not isinstance(other, Version):
            return NotImplemented
        return self.parts < other.parts

    def __hash__(self):
        return hash(self.parts)

    def __str__(self):
        return ".".join(map(str, self.parts))

versions = [Version(v) for v in "1.10.0 1.2.9 2.0.1 1.2.10".split()]
print([str(v) for v in sorted(versions)])
print(Version("1.0") >= Version("0.9"), Version("1") <= Version("1"), Version("2") > Version("10"))
print(max(versions), min(versions), Version("1.0") == "1.0")
try:
    Version("1") < 3
except TypeError as e:
    print(e)
