documents = {
    1: "the cat sat on the mat",
    2: "the dog chased the cat",
    3: "dogs and cats",
}
index = {}
for number, text in documents.items():
    for position, word in enumerate(text.split()):
        index.setdefault(word, {}).setdefault(number, []).append(position)
print(index["the"], index.get("cow", {}))

def search(*words):
    sets = [set(index.get(w, {})) for w in words]
    return sorted(set.intersection(*sets)) if sets else []

print(search("the", "cat"), search("cat", "dogs"), search())
inverted = {}
for word, places in index.items():
    inverted.setdefault(len(places), set()).add(word)
{k: sorted(v) for k, v in sorted(inverted.items())}
