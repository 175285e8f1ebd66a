from functools import lru_cache

calls = []

@lru_cache(maxsize=None)
def cached(city):
    calls.append(city)
    return weather(city)

for city in ("Rome", "Oslo", "Rome", "Cairo", "Oslo"):
    print(city, cached(city)["celsius"])
print(calls, cached.cache_info().hits)

def compare(a, b):
    difference = cached(a)["celsius"] - cached(b)["celsius"]
    return f"{a} is {abs(difference):.1f} degrees {'warmer' if difference > 0 else 'colder'} than {b}"

print(compare("Rome", "Oslo"), compare("Oslo", "Cairo"), sep="\n")
sorted({c: cached(c)["celsius"] for c in calls}.items(), key=lambda kv: kv[1])
