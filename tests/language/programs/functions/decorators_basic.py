import functools
import time

def timed(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        start = time.perf_counter()
        try:
            return func(*args, **kwargs)
        finally:
            elapsed = time.perf_counter() - start
            wrapper.calls += 1
            assert elapsed >= 0
    wrapper.calls = 0
    return wrapper

def repeat(times):
    def decorator(func):
        @functools.wraps(func)
        def inner(*args, **kwargs):
            return [func(*args, **kwargs) for _ in range(times)]
        return inner
    return decorator

def shout(func):
    def inner(*a, **k):
        return func(*a, **k).upper() + "!"
    return inner

@repeat(times=2)
@timed
@shout
def greet(name, *, greeting="hello"):
    """Say hello."""
    return f"{greeting}, {name}"

print(greet("ann"), greet("bob", greeting="hey"))
print(greet.__name__)

@timed
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b

add(1); add(3, b=4)
print(add.__name__, add.__doc__, add.calls, add.__wrapped__(5))
