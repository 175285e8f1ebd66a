# %%
records = [{"name": "ann", "score": "91"}, {"name": "bob", "score": "n/a"}, {"name": "cy", "score": "78"}]
total = 0
for r in records:
    try:
        total += int(r["score"])
    except ValueError as e:
        print("skipping", r["name"], "-", e)
print(total)
# %%
def parse(score, default=None):
    return int(score) if score.isdigit() else default
scores = {r["name"]: parse(r["score"]) for r in records}
scores
# %%
valid = [s for s in scores.values() if s is not None]
average = sum(valid) / len(valid)
print(f"{average=:.1f}")
best = max(scores, key=lambda k: scores[k] or 0)
best
