from enum import Enum, StrEnum, auto

class Status(str, Enum):
    OPEN = "open"
    DONE = "done"

class Mode(StrEnum):
    FAST = auto()
    SLOW = auto()

tickets = [("a", Status.OPEN), ("b", Status.DONE), ("c", Status("open"))]
print([t for t, s in tickets if s is Status.OPEN])
print(Status.OPEN == "open", Status.DONE.upper(), Mode.FAST, f"{Mode.SLOW}", Mode("fast") is Mode.FAST)
print(sorted(Mode), {Status.OPEN: 1}["open"], Status.OPEN.value + "!")

def handle(status):
    match status:
        case Status.OPEN:
            return "work"
        case Status.DONE:
            return "rest"
        case _:
            return "unknown"

print([handle(s) for s in (Status.DONE, Status.OPEN, "x")])

class Coin(Enum):
    HEADS = "h"
    TAILS = "t"

    def flip(self):
        members = list(type(self))
        return members[1 - members.index(self)]

Coin.HEADS.flip()
