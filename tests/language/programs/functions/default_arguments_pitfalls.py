def append_to(item, target=[]):
    target.append(item)
    return target

print(append_to(1), append_to(2), append_to(3, []))
print(append_to.__defaults__)

def fixed(item, target=None, *, copy=False):
    target = list(target or []) if copy or target is None else target
    target.append(item)
    return target

base = [0]
print(fixed(1), fixed(2), fixed(9, base, copy=True), base, fixed(8, base), base)
import time
def stamped(message, when=time.time):
    return message, callable(when), when() > 0
print(stamped("x"))
funcs = {n: (lambda k: lambda x: x ** k)(n) for n in (1, 2, 3)}
[f(2) for f in funcs.values()]
