from dataclasses import dataclass
from typing import Callable, Generic, TypeVar, Union

T = TypeVar("T")
U = TypeVar("U")

@dataclass(frozen=True)
class Ok(Generic[T]):
    value: T
    def then(self, f: Callable[[T], "Result"]) -> "Result":
        return f(self.value)

@dataclass(frozen=True)
class Err:
    reason: str
    def then(self, f) -> "Result":
        return self

Result = Union[Ok[T], Err]

def parse(text: str) -> Result:
    try:
        return Ok(int(text))
    except ValueError:
        return Err(f"not a number: {text!r}")

def reciprocal(n: int) -> Result:
    return Ok(1 / n) if n else Err("division by zero")

for text in ("4", "0", "x"):
    match parse(text).then(reciprocal):
        case Ok(value):
            print(f"{text}: {value}")
        case Err(reason):
            print(f"{text}: error, {reason}")
print(Ok(1) == Ok(1), Err("a"), isinstance(Ok(2), Ok), {Ok(1), Ok(1)})
