from dataclasses import dataclass
from enum import Enum

class Kind(Enum):
    LEAF = 1
    NODE = 2

@dataclass
class Num:
    value: float

@dataclass
class BinOp:
    op: str
    left: "Num | BinOp"
    right: "Num | BinOp"

@dataclass
class Neg:
    operand: object

def evaluate(e):
    match e:
        case Num(value):
            return value
        case Neg(operand=Num(value=v)):
            return -v
        case Neg(operand):
            return -evaluate(operand)
        case BinOp("+", l, r):
            return evaluate(l) + evaluate(r)
        case BinOp(op="*", left=Num(value=0), right=_) | BinOp(op="*", left=_, right=Num(value=0)):
            return 0
        case BinOp("*", l, r):
            return evaluate(l) * evaluate(r)
        case BinOp(op=op):
            raise ValueError(f"unknown operator {op}")

def simplify(e):
    match e:
        case BinOp("+", Num(0), x) | BinOp("+", x, Num(0)):
            return simplify(x)
        case BinOp(op, l, r):
            return BinOp(op, simplify(l), simplify(r))
    return e

tree = BinOp("+", Num(2), BinOp("*", Num(3), Neg(Num(4))))
print(evaluate(tree), evaluate(BinOp("*", Num(0), Num(5))), simplify(BinOp("+", Num(0), Num(9))))
try:
    evaluate(BinOp("/", Num(1), Num(2)))
except ValueError as e:
    print(e)

class Vec:
    __match_args__ = ("x", "y")
    def __init__(self, x, y):
        self.x, self.y = x, y

for thing in (Vec(0, 5), Vec(1, 1), Kind.NODE, [Vec(2, 3), 7]):
    match thing:
        case Vec(0, y): print("on y axis", y)
        case Vec(x=a, y=b) if a == b: print("diagonal", a)
        case Kind.LEAF: print("leaf")
        case Kind.NODE: print("node")
        case [Vec(x, _), int(n)]: print("pair", x, n)
