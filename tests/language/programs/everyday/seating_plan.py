guests = ["ann", "bob", "cy", "dee", "eve"]
dislikes = {("ann", "bob"), ("cy", "dee")}

def unhappy(order):
    neighbours = zip(order, order[1:] + order[:1])
    return sum((a, b) in dislikes or (b, a) in dislikes for a, b in neighbours)

from itertools import permutations
plans = [["ann", *rest] for rest in permutations(guests[1:])]
best = min(plans, key=lambda p: (unhappy(p), p))
print(best, unhappy(best), len(plans))
print(sum(unhappy(p) == 0 for p in plans), max(map(unhappy, plans)))
tables = [best[i::2] for i in range(2)]
tables
