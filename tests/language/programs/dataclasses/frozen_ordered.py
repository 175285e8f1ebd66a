from dataclasses import dataclass, field, FrozenInstanceError

@dataclass(frozen=True, order=True)
class Version:
    major: int
    minor: int = 0
    patch: int = 0
    label: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> "Version":
        core, _, label = text.partition("-")
        return cls(*map(int, core.split(".")), label=label)

    def bump(self, part):
        return Version(self.major, self.minor + 1) if part == "minor" else Version(self.major + 1)

    def __str__(self):
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.label}" if self.label else "")

vs = [Version.parse(t) for t in ("1.2.3", "1.10.0", "0.9.9-beta")]
print([str(v) for v in sorted(vs)])
print(vs[0] < vs[1], vs[0] == Version(1, 2, 3, "x"), {vs[0]: "ok"}[Version(1, 2, 3)])
try:
    vs[0].major = 5
except FrozenInstanceError as e:
    print(type(e).__name__, e)
print(vs[0].bump("minor"), vs[2].bump("major"))
