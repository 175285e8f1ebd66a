# %%
def total(cart):
    result = 0
    for item in cart:
        result = result + item["price"] * item["n"]
    return result
cart = [{"price": 2.5, "n": 2}, {"price": 10, "n": 1}]
total(cart)
# %%
def total(cart, *, discount=0.0):
    return round(sum(i["price"] * i["n"] for i in cart) * (1 - discount), 2)
total(cart), total(cart, discount=0.25)
# %%
cases = {"empty": ([], 0), "one": ([{"price": 1, "n": 3}], 3)}
for name, (given, expected) in cases.items():
    got = total(given)
    print(name, "ok" if got == expected else f"FAILED: {got} != {expected}")
# %%
cart[0]["n"] += 1
total(cart)
