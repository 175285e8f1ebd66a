from collections import deque

class Scheduler:
    def __init__(self):
        self.queue = deque()
        self.finished = []

    def spawn(self, name, gen):
        self.queue.append((name, gen))

    def run(self):
        tick = 0
        while self.queue:
            name, gen = self.queue.popleft()
            try:
                value = next(gen)
            except StopIteration as stop:
                self.finished.append((name, stop.value))
            else:
                print(f"{tick}: {name} -> {value}")
                self.queue.append((name, gen))
            tick += 1

def counter(limit):
    total = 0
    for i in range(limit):
        total += i
        yield i
    return total

s = Scheduler()
s.spawn("a", counter(3))
s.spawn("b", counter(1))
s.spawn("c", counter(2))
s.run()
s.finished
