def to_number(text, default=None):
    for convert in (int, float, complex):
        try:
            return convert(text)
        except ValueError:
            continue
    return default

samples = ["42", "-3.5", "1e3", "2+3j", "abc", "", " 7 ", "0x1f", "1_000", "nan"]
for s in samples:
    value = to_number(s, default="?")
    print(f"{s!r:>8} -> {value!r} ({type(value).__name__})")

def safe_get(d, *path, default=None):
    try:
        for p in path:
            d = d[p]
        return d
    except (KeyError, IndexError, TypeError):
        return default

data = {"users": [{"name": "ann", "langs": ["py", "c"]}]}
print(safe_get(data, "users", 0, "langs", 1), safe_get(data, "users", 3), safe_get(data, "users", 0, "name", "first", default="-"))
