import random

random.seed(2024)
rolls = [random.randint(1, 6) + random.randint(1, 6) for _ in range(1000)]
counts = {total: rolls.count(total) for total in range(2, 13)}
for total, count in counts.items():
    print(f"{total:>2} {'█' * (count // 10)} {count}")
print(random.choice("abc"), random.sample(range(100), 5), random.choices("HT", weights=[3, 1], k=6), round(random.uniform(1, 2), 4))
deck = list(range(10))
random.shuffle(deck)
print(deck, random.random() < 1, round(random.gauss(0, 1), 4), random.randrange(0, 100, 5), random.getrandbits(8))
rng = random.Random(7)
state = rng.getstate()
first = [rng.random() for _ in range(2)]
rng.setstate(state)
print(first == [rng.random() for _ in range(2)])
inside = sum(1 for _ in range(5000) if random.random() ** 2 + random.random() ** 2 <= 1)
print(round(4 * inside / 5000, 2), round(random.expovariate(1.5), 4), round(random.triangular(0, 10, 5), 3), round(random.betavariate(2, 3), 4))
walk = [0]
for _ in range(10):
    walk.append(walk[-1] + random.choice([-1, 1]))
walk
