import ast
from pprint import pprint, pformat
import json

text = "{'name': 'Ann', 'scores': [1, 2.5, None], 'ok': True, 'pos': (1, -2)}"
data = ast.literal_eval(text)
print(data["scores"], type(data["pos"]).__name__)
for bad in ("__import__('os')", "1 +", "f(x)"):
    try:
        ast.literal_eval(bad)
    except (ValueError, SyntaxError) as e:
        print(type(e).__name__)
big = {f"key{i}": list(range(i, i + 8)) for i in range(4)}
pprint(big, width=40)
print(pformat({"b": 1, "a": [1, 2]}))
pprint([("x" * 30, "y" * 30), {"n": {"deep": {"deeper": None}}}], width=50)
json.loads(json.dumps(data)) == {**data, "pos": [1, -2]}
