counter = 0
settings = {"verbose": False}

def bump(by=1):
    global counter, last_bump
    counter += by
    last_bump = by
    settings["verbose"] = not settings["verbose"]

for step in (1, 5, 10):
    bump(step)
print(counter, last_bump, settings)

x = "global"
def outer():
    x = "outer"
    def inner():
        x = "inner"
        return x
    return inner(), x
print(outer(), x)
print([x for x in range(3)], x)

def shadow(list):
    return len(list)
print(shadow([1, 2]))

def use_before():
    try:
        print(y)
    except UnboundLocalError as e:
        print("UnboundLocalError")
    y = 1
use_before()
del x
try:
    x
except NameError as e:
    print(e)
"counter" in globals()
