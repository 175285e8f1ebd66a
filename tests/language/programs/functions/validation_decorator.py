from functools import wraps

def validate(**rules):
    def decorate(func):
        names = func.__code__.co_varnames[:func.__code__.co_argcount]
        @wraps(func)
        def wrapper(*args, **kwargs):
            bound = dict(zip(names, args), **kwargs)
            for name, rule in rules.items():
                if name in bound and not rule(bound[name]):
                    raise ValueError(f"{func.__name__}: bad {name}: {bound[name]!r}")
            return func(*args, **kwargs)
        return wrapper
    return decorate

@validate(age=lambda a: a >= 0, name=str.isalpha)
def person(name, age):
    return f"{name} ({age})"

print(person("Ann", 3))
try:
    person("Ann", -3)
except ValueError as e:
    print(e)
