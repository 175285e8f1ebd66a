# %%
count: int = 0
names: list[str] = []
limit: "float"
for name in ["x", "y"]:
    names.append(name)
    count += 1
count, names
# %%
if count > 1 and (first := names[0]):
    message: str = f"first is {first}"
else:
    message = "none"
message
# %%
with_default = {"a": 1}.get("b") or "fallback"
with_default if not None else 0
# %%
if True:
    inner = [i for i in range(count)]
inner
