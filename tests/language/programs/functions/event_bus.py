from collections import defaultdict
from functools import wraps

class Bus:
    def __init__(self):
        self.handlers = defaultdict(list)

    def on(self, topic, *, once=False):
        def decorate(f):
            @wraps(f)
            def call(*args):
                if once:
                    self.handlers[topic].remove(call)
                return f(*args)
            self.handlers[topic].append(call)
            return f
        return decorate

    def emit(self, topic, *args):
        return [h(*args) for h in list(self.handlers[topic])]

bus = Bus()

@bus.on("greet")
def hello(name): return f"hello {name}"

@bus.on("greet", once=True)
def welcome(name): return f"welcome {name}!"

print(bus.emit("greet", "ann"), bus.emit("greet", "bob"), bus.emit("nothing"))
[h.__name__ for h in bus.handlers["greet"]]
