# %%
state = {"t": 0.0, "x": 0.0, "v": 1.0}
def step(s, dt=0.1, k=1.0):
    s["v"] -= k * s["x"] * dt
    s["x"] += s["v"] * dt
    s["t"] += dt
    return s
step(state)
# %%
for _ in range(9):
    step(state)
f"{state['x']:.4f} at {state['t']:.1f}"
# %%
path = []
while state["t"] < 3:
    step(state)
    path.append(round(state["x"], 3))
len(path), path[0], max(path)
# %%
energy = 0.5 * state["v"] ** 2 + 0.5 * state["x"] ** 2
abs(energy - 0.5) < 0.1
