class UnionFind:
    def __init__(self, items):
        self.parent = {x: x for x in items}
        self.size = dict.fromkeys(items, 1)

    def find(self, x):
        while self.parent[x] != x:
            self.parent[x] = self.parent[self.parent[x]]
            x = self.parent[x]
        return x

    def union(self, a, b):
        a, b = self.find(a), self.find(b)
        if a == b:
            return False
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        return True

    @property
    def groups(self):
        out = {}
        for x in self.parent:
            out.setdefault(self.find(x), []).append(x)
        return sorted(out.values())

edges = [(7, "A", "D"), (5, "A", "B"), (8, "B", "C"), (9, "B", "D"), (7, "B", "E"), (5, "C", "E"), (15, "D", "E"), (6, "D", "F"), (8, "E", "F")]
uf = UnionFind("ABCDEFZ")
tree = [(a, b, w) for w, a, b in sorted(edges) if uf.union(a, b)]
print(tree, sum(w for *_, w in tree))
print(uf.groups, uf.find("A") == uf.find("F"))
len(uf.groups)
