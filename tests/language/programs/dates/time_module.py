import time

start = time.perf_counter()
total = sum(range(10_000))
elapsed = time.perf_counter() - start
print(total, elapsed >= 0, elapsed < 60)
epoch = time.gmtime(0)
print(epoch.tm_year, time.strftime("%Y-%m-%d %H:%M:%S", epoch), time.asctime(epoch))
t = time.strptime("30 Nov 2000", "%d %b %Y")
print(t.tm_mon, t.tm_yday, tuple(t)[:3], t.tm_wday)
a = time.monotonic()
time.sleep(0.01)
print(time.monotonic() - a >= 0.009, time.time() > 1.6e9, time.time_ns() > 0, type(time.time()).__name__)

class Timer:
    def __enter__(self):
        self.start = time.perf_counter()
        return self
    def __exit__(self, *exc):
        self.seconds = time.perf_counter() - self.start

with Timer() as timer:
    sorted(range(1000), key=lambda x: -x)
timer.seconds < 10
