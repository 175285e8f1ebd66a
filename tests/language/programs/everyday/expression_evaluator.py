import math
expressions = ["1 + 2 * 3", "x ** 2 + y", "sqrt(x * y)", "max(x, y) - min(x, y)"]
names = {"x": 9, "y": 4, "sqrt": math.sqrt, "max": max, "min": min}
for e in expressions:
    print(f"{e} = {eval(e, {'__builtins__': {}}, names)}")
x = 5
print(eval("x + 1"))
def area(formula, **values):
    return eval(formula, {}, values)
print(area("w * h", w=3, h=4))
try:
    eval("1 +")
except SyntaxError as error:
    print("SyntaxError")
try:
    eval("unknown + 1")
except NameError as error:
    print(error)
