import queue
from collections import deque

q = queue.Queue()
for task in ("wash", "dry"):
    q.put(task)
print(q.get(), q.qsize(), q.empty())
p = queue.PriorityQueue()
for item in [(3, "low"), (1, "high"), (2, "mid")]:
    p.put(item)
while not p.empty():
    print(p.get())
s = queue.LifoQueue()
s.put(1); s.put(2)
print(s.get())
try:
    queue.Queue().get_nowait()
except queue.Empty:
    print("Empty")
