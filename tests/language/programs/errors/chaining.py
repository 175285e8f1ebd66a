def low():
    return {}["missing"]

def middle():
    try:
        low()
    except KeyError as e:
        raise ValueError("bad configuration") from e

def high():
    try:
        middle()
    except ValueError:
        raise RuntimeError("startup failed")

try:
    high()
except RuntimeError as e:
    chain = []
    current = e
    while current is not None:
        chain.append(f"{type(current).__name__}: {current}")
        current = current.__cause__ or current.__context__
    print("\n".join(chain))

try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise ValueError("hidden") from None
except ValueError as e:
    print(e.__cause__, e.__suppress_context__)
