import sys

print("to stdout")
print("to stderr", file=sys.stderr)
print("a", "b", sep="", end="")
print()
print(1, 2.0, None, [3], {"k": "v"}, (4,), sep=" | ")
sys.stdout.write("written\n")
print("multi\nline\ttab \\ backslash 'quote' \"double\"")
print("flush", flush=True)
print(*[], sep=",")
print(*"abc", sep="->")
for i in range(3):
    print(f"\r{i}", end="")
print()
lines = ["x", "y"]
print("\n".join(lines), end="\n--\n")
print(repr("tab\t\u00e9\x00"), str(b"bytes"), ascii("é"))
sys.stdout.flush()
