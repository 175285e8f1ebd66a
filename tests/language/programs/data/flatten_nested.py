def flatten(items):
    result = []
    for item in items:
        if isinstance(item, (list, tuple)):
            result.extend(flatten(item))
        else:
            result.append(item)
    return result


def flatten_dict(d, parent_key="", sep="."):
    items = []
    for key, value in d.items():
        new_key = parent_key + sep + key if parent_key else key
        if isinstance(value, dict):
            items.extend(flatten_dict(value, new_key, sep=sep).items())
        else:
            items.append((new_key, value))
    return dict(items)


nested = [1, [2, [3, 4], (5, [6])], 7, [[[8]]]]
print(flatten(nested))

config = {
    "database": {"host": "localhost", "port": 5432, "options": {"timeout": 30}},
    "debug": True,
}
flat = flatten_dict(config)
for k in sorted(flat):
    print(k, "=", flat[k])
flat
