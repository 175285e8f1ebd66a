def solve(n):
    solutions = []
    columns, diag1, diag2 = set(), set(), set()

    def place(row, queens):
        if row == n:
            solutions.append(queens[:])
            return
        for col in range(n):
            if col in columns or row - col in diag1 or row + col in diag2:
                continue
            columns.add(col); diag1.add(row - col); diag2.add(row + col)
            queens.append(col)
            place(row + 1, queens)
            queens.pop()
            columns.remove(col); diag1.remove(row - col); diag2.remove(row + col)

    place(0, [])
    return solutions

sols = solve(6)
print(len(sols), sols)
for q in sols[0]:
    print("." * q + "Q" + "." * (5 - q))
[len(solve(n)) for n in range(1, 8)]
