# %%
from enum import Enum
class Light(Enum):
    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"
state = Light.RED
state
# %%
order = [Light.RED, Light.GREEN, Light.YELLOW]
def advance(s):
    return order[(order.index(s) + 1) % len(order)]
seen = [state]
for _ in range(4):
    state = advance(state)
    seen.append(state)
[s.value for s in seen]
# %%
match state:
    case Light.RED: print("stop")
    case Light.GREEN: print("go")
    case _: print("careful")
state is Light("green")
