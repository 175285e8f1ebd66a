def checked(f):
    kinds = {k: v for k, v in f.__annotations__.items() if k != "return"}
    def call(**kwargs):
        for name, value in kwargs.items():
            if name in kinds and not isinstance(value, kinds[name]):
                raise TypeError(f"{name} should be {kinds[name].__name__}, not {type(value).__name__}")
        return f(**kwargs)
    return call

@checked
def repeat(text: str, times: int = 2) -> str:
    return text * times

print(repeat(text="ab"), repeat(text="x", times=3))
try:
    repeat(text=5)
except TypeError as e:
    print(e)
