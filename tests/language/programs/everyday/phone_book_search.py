book = {"Ann Lee": "555-0101", "Bob Stone": "555-0199", "Anna Bell": "555-0107"}

def find(text):
    text = text.casefold()
    return {n: p for n, p in book.items() if text in n.casefold() or text in p.replace("-", "")}

for query in ("ann", "5550199", "zed"):
    hits = find(query)
    print(f"{query!r}: {', '.join(f'{n} ({p})' for n, p in hits.items()) or 'nothing'}")
by_last = sorted(book, key=lambda n: n.split()[-1])
initials = ["".join(part[0] for part in name.split()) for name in by_last]
print(by_last, initials)
book.update({"Cy Young": "555-0123"}); del book["Bob Stone"]
len(book), [*book][-1]
