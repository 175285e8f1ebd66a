# %%
import json, re as regex
from collections import Counter, defaultdict as dd
from math import *
from datetime import date as Date
# %%
counts = Counter(regex.findall(r"\w", "hello world"))
counts.most_common(2)
# %%
groups = dd(list)
for word in "one two three".split():
    groups[len(word)].append(word)
json.dumps(groups)
# %%
sqrt(16), floor(pi), Date(2024, 2, 29).isoformat()
# %%
del Counter
try:
    Counter
except NameError as e:
    print(e)
