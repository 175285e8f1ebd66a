class Resource:
    def __init__(self, name, fail_on_exit=False):
        self.name = name
        self.fail = fail_on_exit

    def __enter__(self):
        print("open", self.name)
        return self

    def __exit__(self, kind, value, traceback):
        print("close", self.name, kind.__name__ if kind else None)
        if self.fail:
            raise RuntimeError(f"closing {self.name} failed")
        return False

try:
    with Resource("a") as a, Resource("b", fail_on_exit=True) as b:
        print(a.name, b.name)
        raise ValueError("body failed")
except RuntimeError as e:
    print(e, "| while handling:", repr(e.__context__))

with (
    Resource("x"),
    Resource("y") as y,
):
    print("inside", y.name)

def early():
    with Resource("r"):
        return "value"
early()
