from typing import overload, NewType, Union, Literal, Final, ClassVar, Annotated, cast, Any, Callable, TypeAlias, get_args, get_origin, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

UserId = NewType("UserId", int)
Number: TypeAlias = Union[int, float]
Mode = Literal["r", "w"]
MAX: Final = 10
Handler = Callable[[str], None]
Meters = Annotated[float, "in metres"]

@overload
def double(x: int) -> int: ...
@overload
def double(x: str) -> str: ...
def double(x):
    return x * 2

class Config:
    defaults: ClassVar[dict[str, int]] = {"a": 1}
    name: str = "cfg"
    size: "int"

    def open(self, mode: Mode = "r", limit: Meters = 1.0) -> "Config":
        return self

uid = UserId(42)
print(uid + 1, double(4), double("ab"), cast(int, "not checked"), Config().open().name, Config.defaults, MAX)
print(get_args(Mode), get_origin(list[int]), get_args(Union[int, str]), list(Config.__annotations__))
def apply(f: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return f(*args, **kwargs)
def maybe(x: int | None = None, y: list[dict[str, "Config"]] | None = None) -> int | str:
    return x or "none"
print(apply(max, 3, 9, key=lambda v: -v), maybe(), maybe(3), isinstance(3, int | str), isinstance(None, type(None)))
list[int], dict[str, tuple[int, ...]], int | None
