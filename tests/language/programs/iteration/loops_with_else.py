def find_factor(n):
    for d in range(2, n):
        if n % d == 0:
            result = d
            break
    else:
        return f"{n} is prime"
    return f"{n} = {result} * {n // result}"

print([find_factor(n) for n in (7, 9, 15)])
n, guesses = 37, []
low, high = 1, 100
while low <= high:
    mid = (low + high) // 2
    guesses.append(mid)
    if mid == n:
        break
    elif mid < n:
        low = mid + 1
    else:
        high = mid - 1
else:
    print("not found")
print(guesses)
while guesses:
    guesses.pop()
else:
    print("empty now")
for i in range(1, 16):
    print("Fizz" * (i % 3 == 0) + "Buzz" * (i % 5 == 0) or i, end=" " if i < 15 else "\n")
for outer in range(3):
    for inner in range(3):
        if inner == outer:
            continue
        if inner + outer == 3:
            break
        print(outer, inner, sep="-", end=";")
print()
for a, b in zip(range(3), reversed(range(3))):
    pass
a, b
