import random
random.seed(3)
BEATS = {"rock": "scissors", "paper": "rock", "scissors": "paper"}

def play(a, b):
    if a == b:
        return 0
    return 1 if BEATS[a] == b else -1

moves = list(BEATS)
score = {1: 0, 0: 0, -1: 0}
for _ in range(30):
    score[play(random.choice(moves), random.choice(moves))] += 1
print(score, sum(score.values()))
for a in moves:
    print(f"{a:<9}", *(f"{play(a, b):+d}" for b in moves))
max(score, key=score.get)
