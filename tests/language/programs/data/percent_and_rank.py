scores = {"ann": 88, "bob": 92, "cy": 88, "dee": 75}
ranking = sorted(scores.items(), key=lambda kv: (-kv[1], kv[0]))
rank, previous = 0, None
for place, (name, score) in enumerate(ranking, start=1):
    if score != previous:
        rank, previous = place, score
    print(f"{rank}. {name.title():<6}{score:>4}  {score / max(scores.values()):>6.1%}")
median = sorted(scores.values())[len(scores) // 2]
above = {n for n, s in scores.items() if s > median}
below = scores.keys() - above
print(median, sorted(above), sorted(below))
list(map(list, zip(*ranking)))
