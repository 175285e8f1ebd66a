from collections import defaultdict, deque
from graphlib import TopologicalSorter, CycleError

tasks = {"deploy": ["test", "build"], "test": ["build"], "build": ["fetch"], "fetch": [], "docs": ["fetch"]}

def kahn(dependencies):
    incoming = {t: len(d) for t, d in dependencies.items()}
    users = defaultdict(list)
    for t, deps in dependencies.items():
        for d in deps:
            users[d].append(t)
    ready = deque(sorted(t for t, n in incoming.items() if n == 0))
    order = []
    while ready:
        t = ready.popleft()
        order.append(t)
        for u in users[t]:
            incoming[u] -= 1
            if incoming[u] == 0:
                ready.append(u)
    if len(order) != len(dependencies):
        raise ValueError("cycle")
    return order

print(kahn(tasks))
print(list(TopologicalSorter({"c": {"b"}, "b": {"a"}}).static_order()))
try:
    kahn({"a": ["b"], "b": ["a"]})
except ValueError as e:
    print(e)
try:
    list(TopologicalSorter({"a": ["b"], "b": ["a"]}).static_order())
except CycleError as e:
    print("CycleError")
