from operator import itemgetter, attrgetter
import functools

people = [{"name": "Bob", "age": 25}, {"name": "ann", "age": 31}, {"name": "Cy", "age": 25}]
print([p["name"] for p in sorted(people, key=lambda p: (p["age"], p["name"].lower()))])
print([p["name"] for p in sorted(people, key=itemgetter("age"), reverse=True)])
words = ["banana", "Apple", "cherry", "date"]
print(sorted(words), sorted(words, key=str.lower), sorted(words, key=len), sorted(words, key=lambda w: (-len(w), w)))
words.sort(key=lambda w: w[-1])
print(words, list(reversed(words)), sorted({"b": 1, "a": 2}), sorted({"b": 1, "a": 2}.items(), key=lambda kv: kv[1]))
print(min(words, key=len), max(people, key=itemgetter("age"))["name"], sorted([3, 1, 2], reverse=True), sorted("hello"), sorted([(1, "b"), (1, "a"), (0, "z")]))

def quicksort(xs):
    if len(xs) <= 1:
        return xs
    pivot, *rest = xs
    return quicksort([x for x in rest if x < pivot]) + [pivot] + quicksort([x for x in rest if x >= pivot])

def merge_sort(xs):
    if len(xs) < 2:
        return xs[:]
    mid = len(xs) // 2
    left, right = merge_sort(xs[:mid]), merge_sort(xs[mid:])
    out = []
    while left and right:
        out.append(left.pop(0) if left[0] <= right[0] else right.pop(0))
    return out + left + right

def bubble(xs):
    xs = list(xs)
    for i in range(len(xs)):
        swapped = False
        for j in range(len(xs) - 1 - i):
            if xs[j] > xs[j + 1]:
                xs[j], xs[j + 1] = xs[j + 1], xs[j]
                swapped = True
        if not swapped:
            break
    return xs

data = [5, 2, 9, 1, 5, 6]
quicksort(data) == merge_sort(data) == bubble(data) == sorted(data), merge_sort(data)
