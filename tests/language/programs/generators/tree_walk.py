tree = {
    "name": "root",
    "children": [
        {"name": "a", "children": [{"name": "a1", "children": []}, {"name": "a2", "children": []}]},
        {"name": "b", "children": []},
    ],
}

def walk(node, depth=0):
    yield depth, node["name"]
    for child in node["children"]:
        yield from walk(child, depth + 1)

for depth, name in walk(tree):
    print("  " * depth + "- " + name)

def paths(node, prefix=()):
    here = (*prefix, node["name"])
    if not node["children"]:
        yield "/".join(here)
    for child in node["children"]:
        yield from paths(child, here)

def breadth_first(node):
    pending = [node]
    while pending:
        current = pending.pop(0)
        yield current["name"]
        pending += current["children"]

print(list(paths(tree)))
print(list(breadth_first(tree)))
max(d for d, _ in walk(tree))
