import difflib

a = ["apple", "banana", "cherry", "date"]
b = ["apple", "blueberry", "cherry", "date", "elderberry"]
for line in difflib.unified_diff(a, b, fromfile="old", tofile="new", lineterm=""):
    print(line)
print(difflib.get_close_matches("appel", ["ape", "apple", "peach", "puppy"]))
ratio = difflib.SequenceMatcher(None, "night", "nacht").ratio()
print(round(ratio, 3))
matcher = difflib.SequenceMatcher(a="qabxcd", b="abycdf")
for tag, i1, i2, j1, j2 in matcher.get_opcodes():
    print(f"{tag:7} a[{i1}:{i2}] b[{j1}:{j2}]")
print([line for line in difflib.ndiff(["one"], ["ore"]) if line[0] in "+-"])
