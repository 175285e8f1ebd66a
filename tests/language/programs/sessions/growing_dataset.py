# %%
dataset = []
def add(name, **values):
    dataset.append({"name": name, **values})
    return len(dataset)
add("a", x=1, y=2), add("b", x=3)
# %%
for row in dataset:
    row.setdefault("y", 0)
    row["sum"] = row["x"] + row["y"]
dataset
# %%
columns = sorted({k for row in dataset for k in row})
print(*columns, sep="\t")
for row in dataset:
    print(*(row[c] for c in columns), sep="\t")
# %%
add("c", x=10, y=-1)
[r["name"] for r in dataset if r["x"] > 2]
