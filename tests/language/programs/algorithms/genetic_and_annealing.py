import math
import random

random.seed(5)
TARGET = "sandbox"
ALPHABET = "abcdefghijklmnopqrstuvwxyz"

def fitness(s):
    return sum(a == b for a, b in zip(s, TARGET))

def mutate(s, rate=0.1):
    return "".join(random.choice(ALPHABET) if random.random() < rate else c for c in s)

def crossover(a, b):
    cut = random.randrange(1, len(a))
    return a[:cut] + b[cut:]

population = ["".join(random.choices(ALPHABET, k=len(TARGET))) for _ in range(60)]
for generation in range(300):
    population.sort(key=fitness, reverse=True)
    if fitness(population[0]) == len(TARGET):
        break
    parents = population[:15]
    population = parents + [mutate(crossover(*random.sample(parents, 2))) for _ in range(45)]
print(population[0], generation < 299)

def anneal(cities, steps=2000):
    def length(t):
        return sum(math.dist(t[i], t[i - 1]) for i in range(len(t)))
    tour, temperature = cities[:], 10.0
    best = current = length(tour)
    for _ in range(steps):
        i, j = sorted(random.sample(range(len(tour)), 2))
        candidate = tour[:i] + tour[i:j + 1][::-1] + tour[j + 1:]
        new = length(candidate)
        if new < current or random.random() < math.exp((current - new) / temperature):
            tour, current = candidate, new
            best = min(best, current)
        temperature *= 0.995
    return best

cities = [(math.cos(k), math.sin(k)) for k in [0, 3, 1, 5, 2, 4]]
round(anneal(cities), 3)
