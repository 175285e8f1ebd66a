LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]

def winner(board):
    for a, b, c in LINES:
        if board[a] != " " and board[a] == board[b] == board[c]:
            return board[a]
    return None if " " in board else "draw"

def minimax(board, player, memo={}):
    key = ("".join(board), player)
    if key in memo:
        return memo[key]
    result = winner(board)
    if result:
        memo[key] = ({"X": 1, "O": -1, "draw": 0}[result], None)
        return memo[key]
    best = None
    for move in (i for i, v in enumerate(board) if v == " "):
        board[move] = player
        score, _ = minimax(board, "O" if player == "X" else "X")
        board[move] = " "
        if best is None or (score > best[0] if player == "X" else score < best[0]):
            best = (score, move)
    memo[key] = best
    return best

board = list("X O  O X ")
score, move = minimax(board, "X")
print(score, move)
empty = [" "] * 9
player = "X"
while not winner(empty):
    _, move = minimax(empty, player)
    empty[move] = player
    player = "O" if player == "X" else "X"
print("\n".join("|".join(empty[i:i + 3]) for i in (0, 3, 6)))
winner(empty)
