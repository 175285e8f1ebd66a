table = [[(r + c) % 4 for c in range(5)] for r in range(4)]
for row in table:
    print(*row)
hits = [(r, c) for r, row in enumerate(table) for c, v in enumerate(row) if v == 3]
print(hits)
diagonal = [table[i][i] for i in range(min(len(table), len(table[0])))]
columns = [sum(column) for column in zip(*table)]
print(diagonal, columns, [max(r) for r in table])
found = next(((r, c) for r, row in enumerate(table) for c, v in enumerate(row) if v + r > 5), None)
print(found)
for size in (1, 2):
    windows = [tuple(x for row in table[r:r + size] for x in row[c:c + size]) for r in range(2) for c in range(2)]
    print(windows)
sum(v for row in table for v in row if v % 2)
