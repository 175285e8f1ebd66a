class Life:
    def __init__(self, rows):
        self.cells = {(r, c) for r, row in enumerate(rows) for c, ch in enumerate(row) if ch == "#"}

    def neighbours(self, cell):
        r, c = cell
        return {(r + dr, c + dc) for dr in (-1, 0, 1) for dc in (-1, 0, 1) if (dr, dc) != (0, 0)}

    def step(self):
        counts = {}
        for cell in self.cells:
            for n in self.neighbours(cell):
                counts[n] = counts.get(n, 0) + 1
        self.cells = {cell for cell, k in counts.items() if k == 3 or (k == 2 and cell in self.cells)}

    def show(self, height, width):
        return "\n".join(
            "".join("#" if (r, c) in self.cells else "." for c in range(width)) for r in range(height)
        )

glider = [".#...", "..#..", "###..", ".....", "....."]
life = Life(glider)
for generation in range(4):
    life.step()
print(life.show(5, 5))
len(life.cells)
