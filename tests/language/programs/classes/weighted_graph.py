class Graph:
    def __init__(self):
        self._edges = {}

    def __setitem__(self, pair, weight):
        a, b = pair
        self._edges.setdefault(a, {})[b] = weight
        self._edges.setdefault(b, {})[a] = weight

    def __getitem__(self, pair):
        a, b = pair
        return self._edges[a][b]

    def __contains__(self, pair):
        a, b = pair
        return b in self._edges.get(a, {})

    def __iter__(self):
        seen = set()
        for a, others in self._edges.items():
            for b, w in others.items():
                if (b, a) not in seen:
                    seen.add((a, b))
                    yield a, b, w

    def degree(self, node):
        return len(self._edges[node])

g = Graph()
g["a", "b"] = 3
g["b", "c"] = 4
g["a", "b"] += 1
print(list(g), ("a", "b") in g, ("a", "c") in g, g["c", "b"], g.degree("b"))
sum(w for *_, w in g)
