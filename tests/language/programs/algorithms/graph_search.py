from collections import deque, defaultdict
import heapq

graph = {
    "A": {"B": 4, "C": 2},
    "B": {"D": 5},
    "C": {"B": 1, "D": 8, "E": 10},
    "D": {"E": 2},
    "E": {},
}

def bfs(start, goal):
    queue, seen = deque([[start]]), {start}
    while queue:
        path = queue.popleft()
        if path[-1] == goal:
            return path
        for n in graph[path[-1]]:
            if n not in seen:
                seen.add(n)
                queue.append(path + [n])
    return None

def dfs(node, visited=None):
    visited = visited if visited is not None else []
    if node not in visited:
        visited.append(node)
        for n in graph[node]:
            dfs(n, visited)
    return visited

def dijkstra(source):
    distances = {n: float("inf") for n in graph}
    distances[source], previous = 0, {}
    heap = [(0, source)]
    while heap:
        d, node = heapq.heappop(heap)
        if d > distances[node]:
            continue
        for n, w in graph[node].items():
            if (new := d + w) < distances[n]:
                distances[n], previous[n] = new, node
                heapq.heappush(heap, (new, n))
    return distances, previous

print(bfs("A", "E"), dfs("A"))
dist, prev = dijkstra("A")
print(dist)
path, node = [], "E"
while node:
    path.append(node)
    node = prev.get(node)
" -> ".join(reversed(path))
