PUZZLE = """
53..7....
6..195...
.98....6.
8...6...3
4..8.3..1
7...2...6
.6....28.
...419..5
....8..79
"""
board = [[0 if ch == "." else int(ch) for ch in line] for line in PUZZLE.split()]

def candidates(board, r, c):
    used = set(board[r]) | {board[i][c] for i in range(9)}
    br, bc = r // 3 * 3, c // 3 * 3
    used |= {board[i][j] for i in range(br, br + 3) for j in range(bc, bc + 3)}
    return [n for n in range(1, 10) if n not in used]

def solve(board):
    best = None
    for r in range(9):
        for c in range(9):
            if board[r][c] == 0:
                options = candidates(board, r, c)
                if best is None or len(options) < len(best[2]):
                    best = (r, c, options)
    if best is None:
        return True
    r, c, options = best
    for n in options:
        board[r][c] = n
        if solve(board):
            return True
        board[r][c] = 0
    return False

print(solve(board))
for row in board:
    print("".join(map(str, row)))
all(sorted(row) == list(range(1, 10)) for row in board)
