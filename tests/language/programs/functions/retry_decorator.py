import functools
import random
import time

class TemporaryError(Exception):
    pass

def retry(max_attempts=3, delay=0.001, exceptions=(Exception,), backoff=2):
    def decorator(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            wait = delay
            for attempt in range(1, max_attempts + 1):
                try:
                    return func(*args, **kwargs)
                except exceptions as e:
                    print(f"attempt {attempt} failed: {e}")
                    if attempt == max_attempts:
                        raise
                    time.sleep(wait)
                    wait *= backoff
        return wrapper
    return decorator

attempts = {"n": 0}

@retry(max_attempts=4, exceptions=(TemporaryError, KeyError))
def flaky():
    attempts["n"] += 1
    if attempts["n"] < 3:
        raise TemporaryError(f"try #{attempts['n']}")
    return "success"

print(flaky())

@retry(max_attempts=2)
def always():
    raise ValueError("broken")

try:
    always()
except ValueError as e:
    print("gave up:", e)
