class Event:
    def __init__(self):
        self._handlers = []

    def __iadd__(self, handler):
        self._handlers.append(handler)
        return self

    def __isub__(self, handler):
        self._handlers.remove(handler)
        return self

    def __call__(self, *args, **kwargs):
        return [h(*args, **kwargs) for h in self._handlers]

class Button:
    def __init__(self, label):
        self.label = label
        self.clicked = Event()

def log(label, **extra):
    print("log", label, extra)
    return "logged"

b = Button("OK")
b.clicked += log
b.clicked += lambda label, **kw: len(label)
print(b.clicked(b.label, x=1))
b.clicked -= log
print(b.clicked("longer"))
callable(b.clicked)
