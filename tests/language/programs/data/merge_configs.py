import copy
import json

def deep_merge(base, override):
    """Merge two nested dictionaries without changing either."""
    merged = copy.deepcopy(base)
    for key, value in override.items():
        if key in merged and isinstance(merged[key], dict) and isinstance(value, dict):
            merged[key] = deep_merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged

defaults = {"server": {"host": "0.0.0.0", "port": 80, "tls": {"enabled": False}}, "tags": ["a"]}
user = {"server": {"port": 8080, "tls": {"enabled": True, "cert": "x.pem"}}, "tags": ["b", "c"]}

result = deep_merge(defaults, user)
print(json.dumps(result, indent=2, sort_keys=True))
result["tags"].append("d")
print(user["tags"], defaults["tags"], result["tags"])
print(defaults | {"tags": None})
defaults |= {"extra": 1}
sorted(defaults)
