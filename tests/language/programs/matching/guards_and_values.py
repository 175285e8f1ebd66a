import math

class Http:
    OK = 200
    NOT_FOUND = 404
    ERROR = 500

def classify(code):
    match code:
        case Http.OK | 201 | 204:
            return "success"
        case Http.NOT_FOUND:
            return "missing"
        case n if 500 <= n < 600:
            return f"server error {n}"
        case -1 | 0:
            return "odd"
        case True | False:
            return "bool"
        case _ if code > 1000:
            return "huge"
    return "unhandled"

for c in (200, 204, 404, 503, -1, 9999, 302):
    print(c, classify(c))

def kind(v):
    match v:
        case bool(): return "bool"
        case int(n) if n < 0: return "negative"
        case int() | float(): return "number"
        case complex(): return "complex"
        case "": return "empty"
        case str(): return "str"
        case bytes() | bytearray(): return "binary"
        case [] | (): return "empty sequence"
        case [[_, _], *_]: return "pairs"
        case [x]: return f"one {x}"
        case [1, 2.5, "three", None, True]: return "exact"
        case {}: return "mapping"
        case set(): return "set"

[kind(v) for v in (True, -3, 2.5, 1j, "", "a", b"x", [], [[1, 2], 3], ["q"], [1, 2.5, "three", None, True], {"k": 1}, {1})]
