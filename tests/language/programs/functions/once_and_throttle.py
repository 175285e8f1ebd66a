from functools import wraps

def once(f):
    done = False
    value = None
    @wraps(f)
    def call(*args, **kwargs):
        nonlocal done, value
        if not done:
            value, done = f(*args, **kwargs), True
        return value
    return call

def limit(n):
    def decorate(f):
        left = n
        def call(*args):
            nonlocal left
            if left <= 0:
                return None
            left -= 1
            return f(*args)
        call.left = lambda: left
        return call
    return decorate

@once
def setup(x):
    print("setting up")
    return x

@limit(2)
def ping(x):
    return f"pong {x}"

print(setup(1), setup(2), setup.__name__)
[ping(i) for i in range(3)], ping.left()
