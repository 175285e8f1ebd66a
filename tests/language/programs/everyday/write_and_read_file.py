lines = ["first", "second", "third"]
with open("notes.txt", "w") as f:
    for line in lines:
        f.write(line + "\n")
with open("notes.txt") as f:
    content = f.read().splitlines()
print(len(content), content[0])
