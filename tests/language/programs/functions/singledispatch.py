from functools import singledispatch, singledispatchmethod

@singledispatch
def describe(value):
    return f"something: {value}"

@describe.register
def _(value: int):
    return f"an integer {value:,}"

@describe.register(list)
@describe.register(tuple)
def _(value):
    return f"{len(value)} items: " + ", ".join(describe(v) for v in value)

@describe.register
def _(value: str):
    return f"text {value!r}"

print(describe(12345))
print(describe([1, "a", (2.5,)]))
print(describe(None))

class Formatter:
    @singledispatchmethod
    def show(self, x):
        return str(x)

    @show.register
    def _(self, x: float):
        return f"{x:.2f}"

f = Formatter()
print(f.show(2.345), f.show("s"))
