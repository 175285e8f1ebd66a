import heapq

GRID = """
S..#....
.#.#.##.
.#...#..
.####.#.
......#G
""".strip().splitlines()

def locate(symbol):
    return next((r, c) for r, row in enumerate(GRID) for c, ch in enumerate(row) if ch == symbol)

def neighbours(cell):
    r, c = cell
    for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        nr, nc = r + dr, c + dc
        if 0 <= nr < len(GRID) and 0 <= nc < len(GRID[0]) and GRID[nr][nc] != "#":
            yield nr, nc

def a_star(start, goal):
    h = lambda cell: abs(cell[0] - goal[0]) + abs(cell[1] - goal[1])
    frontier = [(h(start), 0, start)]
    came, cost = {start: None}, {start: 0}
    while frontier:
        _, g, cell = heapq.heappop(frontier)
        if cell == goal:
            break
        for n in neighbours(cell):
            if n not in cost or g + 1 < cost[n]:
                cost[n] = g + 1
                came[n] = cell
                heapq.heappush(frontier, (g + 1 + h(n), g + 1, n))
    else:
        return None
    path = []
    while cell:
        path.append(cell)
        cell = came[cell]
    return path[::-1]

start, goal = locate("S"), locate("G")
path = a_star(start, goal)
print(len(path) - 1, path[0], path[-1])
shown = [list(row) for row in GRID]
for r, c in path[1:-1]:
    shown[r][c] = "*"
print("\n".join("".join(row) for row in shown))
