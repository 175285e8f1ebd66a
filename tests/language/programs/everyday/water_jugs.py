from collections import deque

def pour(capacities, goal):
    start = (0,) * len(capacities)
    paths, queue = {start: []}, deque([start])
    while queue:
        state = queue.popleft()
        if goal in state:
            return paths[state] + [state]
        moves = []
        for i, (have, room) in enumerate(zip(state, capacities)):
            moves += [state[:i] + (room,) + state[i + 1:], state[:i] + (0,) + state[i + 1:]]
            for j, other in enumerate(state):
                if i != j:
                    amount = min(have, capacities[j] - other)
                    new = list(state)
                    new[i] -= amount
                    new[j] += amount
                    moves.append(tuple(new))
        for move in moves:
            if move not in paths:
                paths[move] = paths[state] + [state]
                queue.append(move)

for step in pour((3, 5), 4):
    print(*step)
len(pour((4, 9), 6))
