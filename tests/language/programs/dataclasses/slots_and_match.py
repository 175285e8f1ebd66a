from dataclasses import dataclass

@dataclass(slots=True)
class Move:
    dx: int
    dy: int

@dataclass(slots=True)
class Turn:
    degrees: float

@dataclass
class Say:
    text: str
    loud: bool = False

def run(commands):
    x = y = 0
    heading = 0.0
    said = []
    for command in commands:
        match command:
            case Move(0, 0):
                pass
            case Move(dx=dx, dy=dy):
                x += dx
                y += dy
            case Turn(degrees) if degrees % 360 == 0:
                continue
            case Turn(degrees):
                heading = (heading + degrees) % 360
            case Say(text=t, loud=True):
                said.append(t.upper())
            case Say(t):
                said.append(t)
            case other:
                raise ValueError(f"unknown command {other!r}")
    return x, y, heading, said

print(run([Move(1, 2), Turn(90), Move(0, 0), Say("hi"), Turn(-180), Say("stop", loud=True), Move(-3, 1)]))
try:
    run(["jump"])
except ValueError as e:
    print(e)
