def draw(tree, prefix=""):
    items = list(tree.items())
    for index, (name, children) in enumerate(items):
        last = index == len(items) - 1
        print(prefix + ("└── " if last else "├── ") + name)
        if isinstance(children, dict):
            draw(children, prefix + ("    " if last else "│   "))

draw({"src": {"main.py": None, "util": {"io.py": None, "text.py": None}}, "README.md": None})

def size(tree):
    return sum(size(v) if isinstance(v, dict) else 1 for v in tree.values())

def find(tree, name, path=()):
    for key, value in tree.items():
        here = path + (key,)
        if key == name:
            return "/".join(here)
        if isinstance(value, dict) and (found := find(value, name, here)):
            return found
    return None

t = {"a": {"b": {"c": 1}}, "d": 2}
size(t), find(t, "c"), find(t, "z")
