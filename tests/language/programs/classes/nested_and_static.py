class Graph:
    class Edge:
        def __init__(self, a, b, weight=1):
            self.a, self.b, self.weight = a, b, weight

        def __repr__(self):
            return f"{self.a}-{self.b}:{self.weight}"

    DIRECTED = False

    def __init__(self):
        self.edges = []

    def connect(self, a, b, weight=1):
        self.edges.append(self.Edge(a, b, weight))
        return self

    @staticmethod
    def from_pairs(pairs):
        g = Graph()
        for p in pairs:
            g.connect(*p)
        return g

    @classmethod
    def complete(cls, nodes):
        g = cls()
        for i, a in enumerate(nodes):
            for b in nodes[i + 1:]:
                g.connect(a, b)
        return g

g = Graph.from_pairs([("a", "b"), ("b", "c", 5)])
print(g.edges, len(Graph.complete("wxyz").edges), Graph.Edge.__qualname__)
total = sum(e.weight for e in g.edges)
print(total, Graph.Edge("p", "q"))
