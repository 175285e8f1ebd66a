from concurrent.futures import ThreadPoolExecutor, as_completed

def square(n):
    return n * n

with ThreadPoolExecutor(max_workers=4) as pool:
    print(list(pool.map(square, range(5))))
    futures = {pool.submit(square, n): n for n in (7, 8)}
    results = {futures[f]: f.result() for f in as_completed(futures)}
print(sorted(results.items()))
