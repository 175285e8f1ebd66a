# %%
import math
radius = 2.5
def area(r):
    return math.pi * r ** 2
print(f"{area(radius):.3f}")
# %%
radius *= 2
history = [area(radius)]
area(radius) > 78
# %%
def area(r, scale=1):
    history.append(r)
    return round(scale * math.pi * r * r, 2)
[area(r) for r in (1, radius)]
# %%
history[-1], len(history), math.floor(history[0])
