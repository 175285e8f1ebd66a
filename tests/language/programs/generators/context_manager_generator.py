from contextlib import contextmanager, closing, suppress, ExitStack, redirect_stdout, nullcontext
import io

@contextmanager
def section(title, width=20):
    print(f" {title} ".center(width, "="))
    try:
        yield title.lower()
    except ValueError as e:
        print("section caught:", e)
    else:
        print("clean")
    finally:
        print("=" * width)

with section("Start") as s:
    print("in", s)
with section("Error"):
    raise ValueError("oops")

with ExitStack() as stack:
    names = [stack.enter_context(section(n, 9)) for n in ("A", "B")]
    stack.callback(print, "callback ran")
    print(names)

buffer = io.StringIO()
with redirect_stdout(buffer):
    print("captured")
    print("twice", end="")
print(repr(buffer.getvalue()))

with suppress(ZeroDivisionError, KeyError):
    1 / 0
with nullcontext(5) as five:
    print(five)

class Resource:
    def close(self): print("closed")
with closing(Resource()) as r:
    print(type(r).__name__)
