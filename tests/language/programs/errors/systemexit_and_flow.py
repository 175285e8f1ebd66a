import sys

def main(argv):
    if len(argv) < 1:
        print("usage: program name")
        return 2
    print("hello", argv[0])
    return 0

for argv in ([], ["ann"]):
    try:
        code = main(argv)
        if code:
            raise SystemExit(code)
    except SystemExit as e:
        print("exit code", e.code)
try:
    sys.exit("fatal: no input")
except SystemExit as e:
    print(e, type(e.code).__name__)
try:
    raise KeyboardInterrupt
except KeyboardInterrupt:
    print("interrupted")
try:
    raise NotImplementedError("later")
except (ValueError, RuntimeError) as e:
    print(isinstance(e, RuntimeError), e)

if __name__ == "__main__":
    sys.exit(main(["done"]))
