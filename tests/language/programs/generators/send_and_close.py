def running_average():
    total = count = 0
    average = None
    try:
        while True:
            value = yield average
            total += value
            count += 1
            average = total / count
    finally:
        print(f"closing after {count} values")

g = running_average()
next(g)
print([g.send(v) for v in (10, 20, 60)])
g.close()

def echo():
    while True:
        try:
            x = yield
            print("got", x)
        except ValueError as e:
            print("caught", e)

e = echo()
next(e)
e.send(1)
e.throw(ValueError("boom"))
e.send(2)

def subtask():
    a = yield "need a"
    b = yield "need b"
    return a + b

def task():
    result = yield from subtask()
    yield f"result {result}"

t = task()
print(next(t), t.send(3), t.send(4))
try:
    t.send(None)
except StopIteration as stop:
    print("done", stop.value)
