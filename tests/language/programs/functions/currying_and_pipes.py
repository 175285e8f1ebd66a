def curry(f, n):
    def step(args):
        def take(x):
            got = args + (x,)
            return f(*got) if len(got) == n else step(got)
        return take
    return step(())

add3 = curry(lambda a, b, c: a + b + c, 3)
print(add3(1)(2)(3))

class Pipe:
    def __init__(self, f): self.f = f
    def __ror__(self, value): return self.f(value)
    def __or__(self, other): return Pipe(lambda x: other.f(self.f(x)))

double = Pipe(lambda xs: [x * 2 for x in xs])
total = Pipe(sum)
print([1, 2, 3] | double | total)
both = double | total
print([5] | both)
ycomb = lambda f: (lambda x: x(x))(lambda y: f(lambda v: y(y)(v)))
ycomb(lambda fac: lambda n: 1 if n == 0 else n * fac(n - 1))(10)
