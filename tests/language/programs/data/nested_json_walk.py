import json

document = json.loads("""
{"name": "root", "size": null, "children": [
  {"name": "a", "size": 3, "children": []},
  {"name": "b", "size": 4.5, "children": [{"name": "c", "size": 1, "flags": [true, false]}]}
]}
""")

def walk(value, path="$"):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from walk(inner, f"{path}[{i}]")
    else:
        yield path, value

for path, value in walk(document):
    print(f"{path:<35}{value!r}")
total = sum(v for p, v in walk(document) if p.endswith("size") and v is not None)
total
