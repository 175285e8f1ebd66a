class Sensor:
    def __init__(self, name, *, low=-10.0, high=40.0):
        self.name, self.low, self.high = name, low, high
        self._listeners, self._value = [], None

    def subscribe(self, listener):
        self._listeners.append(listener)
        return listener

    @property
    def value(self):
        return self._value

    @value.setter
    def value(self, new):
        old, self._value = self._value, new
        for listener in self._listeners:
            listener(self, old, new)

sensor = Sensor("kitchen", high=30)

@sensor.subscribe
def log(s, old, new):
    print(f"{s.name}: {old} -> {new}")

@sensor.subscribe
def alarm(s, old, new):
    if not s.low <= new <= s.high:
        print(f"ALARM {s.name} at {new}")

for reading in (20.5, 31, -12):
    sensor.value = reading
sensor.value
