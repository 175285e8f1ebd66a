# %%
def ids(prefix):
    n = 0
    while True:
        n += 1
        yield f"{prefix}-{n:03d}"
order_ids = ids("ORD")
next(order_ids)
# %%
batch = [next(order_ids) for _ in range(2)]
batch
# %%
it = iter({"a": 1, "b": 2}.items())
key, value = next(it)
key, value
# %%
rest = dict(it)
rest, next(order_ids)
# %%
order_ids.close()
next(order_ids, "closed")
