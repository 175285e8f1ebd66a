# %%
x = [3, 1, 2]
x.sort()
# %%
x
# %%
None
# %%
"text with 'quotes'"
# %%
{"a": (1, 2.5), "b": {3}, "c": None}
# %%
for i in range(3):
    i
# %%
print("printed"), 5
# %%
y = x[0] if x else 0
y; y + 1
# %%
1.0, 1e-9, 10**20, True, b"raw", 3 + 2j, range(3), slice(1, 2)
# %%
lambda_result = (lambda a, b=2: a * b)(4)
lambda_result
