from enum import Enum, auto

class State(Enum):
    IDLE = auto()
    RUNNING = auto()
    PAUSED = auto()
    STOPPED = auto()

class Machine:
    transitions = {
        (State.IDLE, "start"): State.RUNNING,
        (State.RUNNING, "pause"): State.PAUSED,
        (State.PAUSED, "resume"): State.RUNNING,
        (State.RUNNING, "stop"): State.STOPPED,
    }

    def __init__(self):
        self.state = State.IDLE
        self.history = [self.state]

    def fire(self, event):
        try:
            self.state = self.transitions[self.state, event]
        except KeyError:
            raise RuntimeError(f"cannot {event} while {self.state.name}") from None
        self.history.append(self.state)
        return self

m = Machine()
m.fire("start").fire("pause").fire("resume")
print(m.state, m.state.value)
try:
    m.fire("start")
except RuntimeError as e:
    print(e, e.__cause__)
print([s.name for s in m.history])
