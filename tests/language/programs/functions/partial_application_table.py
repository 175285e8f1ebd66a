from functools import partial
from operator import mul, pow as power

def volume(length, width, height, unit="m3"):
    return f"{length * width * height:g} {unit}"

box = partial(volume, 2, height=3)
print(box(4), box(1, unit="l"), box.args, box.keywords)
times = {n: partial(mul, n) for n in range(2, 5)}
print([f(10) for f in times.values()], list(map(partial(power, 2), range(6))))
prefixed = partial(print, ">>", sep=" ")
prefixed("hello", 1)
logs = []
log = partial(lambda level, *parts: logs.append((level, " ".join(map(str, parts)))), "info")
log("a", 1)
log("b")
logs
