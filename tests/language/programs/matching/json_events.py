events = [
    {"type": "click", "pos": {"x": 3, "y": 4}},
    {"type": "key", "key": "Enter", "mods": ["ctrl", "shift"]},
    {"type": "key", "key": "a", "mods": []},
    {"type": "scroll", "delta": -2.5, "extra": 1},
    {"type": "resize"},
    "garbage",
    None,
    42,
    ("tuple", 1),
    {"type": "batch", "events": [{"type": "resize"}]},
]

def describe(event):
    match event:
        case {"type": "click", "pos": {"x": x, "y": y}}:
            return f"click at ({x}, {y})"
        case {"type": "key", "key": key, "mods": []}:
            return f"key {key}"
        case {"type": "key", "key": key, "mods": [first, *rest]}:
            return f"key {key} with {first}" + "".join(f"+{r}" for r in rest)
        case {"type": "scroll", "delta": float(d) | int(d), **rest}:
            return f"scroll {d} rest={rest}"
        case {"type": "batch", "events": list(inner)}:
            return [describe(e) for e in inner]
        case {"type": str() as kind}:
            return f"other {kind}"
        case None:
            return "none"
        case int() | float():
            return "number"
        case str(text) if text.islower():
            return f"text {text}"
        case (a, b):
            return f"pair {a} {b}"
        case _:
            return "?"

for e in events:
    print(describe(e))
