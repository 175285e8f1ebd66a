rows = [("name", "qty", "price"), ("apple", 3, 1.5), ("watermelon", 12, 0.333), ("fig", 100, 20)]
widths = [max(len(f"{c:.2f}" if isinstance(c, float) else str(c)) for c in column) for column in zip(*rows)]
for row in rows:
    cells = []
    for cell, width in zip(row, widths):
        if isinstance(cell, float):
            cells.append(f"{cell:>{width}.2f}")
        elif isinstance(cell, int):
            cells.append(f"{cell:>{width}d}")
        else:
            cells.append(f"{cell:<{width}}")
    print("| " + " | ".join(cells) + " |")
print(f"{'total':=^{sum(widths)}}")
f"{sum(q * p for _, q, p in rows[1:]):,.3f}"
