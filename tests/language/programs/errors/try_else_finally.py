def divide(a, b):
    steps = []
    try:
        steps.append("try")
        result = a / b
    except ZeroDivisionError:
        steps.append("except")
        result = None
    except TypeError as e:
        steps.append(f"type: {e}")
        raise
    else:
        steps.append("else")
    finally:
        steps.append("finally")
        print(steps)
    return result

print(divide(6, 3), divide(1, 0))
try:
    divide("a", 1)
except TypeError:
    print("re-raised")

def returns_in_finally():
    try:
        return "try"
    finally:
        print("cleanup")

def loops():
    for i in range(3):
        try:
            if i == 1:
                continue
            if i == 2:
                break
            print("body", i)
        finally:
            print("finally", i)

print(returns_in_finally())
loops()
