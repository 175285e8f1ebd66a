import random
random.seed(99)
secret, tries, low, high = random.randint(1, 50), 0, 1, 50
guess = None
while guess != secret:
    guess = (low + high) // 2
    tries += 1
    if guess < secret:
        low = guess + 1
    elif guess > secret:
        high = guess - 1
print(f"found {secret} in {tries}")
n, steps = 27, 0
while n != 1 and steps < 200:
    n = n // 2 if n % 2 == 0 else 3 * n + 1
    steps += 1
print(steps)
queue, done = ["a", "b"], []
while queue:
    item = queue.pop(0)
    done.append(item)
    if item == "a":
        queue.extend(["c", "d"])
    if len(done) > 10:
        break
else:
    print("queue drained")
found = False
for i in range(2, 10):
    for j in range(2, 10):
        if i * j == 42:
            found = True
            break
    if found:
        break
done, (i, j)
