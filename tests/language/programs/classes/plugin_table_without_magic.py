HANDLERS = {}

def handles(*kinds):
    def decorate(cls):
        for kind in kinds:
            HANDLERS[kind] = cls
        return cls
    return decorate

class Handler:
    def handle(self, payload):
        raise NotImplementedError(f"{type(self).__name__} does not handle")

@handles("sum", "add")
class SumHandler(Handler):
    def handle(self, payload):
        return sum(payload)

@handles("join")
class JoinHandler(Handler):
    def handle(self, payload):
        return "-".join(map(str, payload))

@handles("broken")
class BrokenHandler(Handler):
    pass

for kind in ("add", "join", "broken", "none"):
    try:
        print(kind, HANDLERS[kind]().handle([1, 2, 3]))
    except NotImplementedError as e:
        print("not implemented:", e)
    except KeyError as e:
        print("unknown", e)
sorted(HANDLERS)
