class JsonMixin:
    def to_json(self):
        import json
        return json.dumps(self.__dict__, sort_keys=True)

class LoggerMixin:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.log = []

    def note(self, message):
        self.log.append(f"[{self.__class__.__name__}] {message}")

class Base:
    def __init__(self, name):
        self.name = name

    def greet(self):
        return f"I am {self.name}"

class Robot(LoggerMixin, JsonMixin, Base):
    def __init__(self, name, model):
        super().__init__(name)
        self.model = model
        self.note("created")

    def greet(self):
        return super().greet() + f", model {self.model}"

r = Robot("R2", "D2")
r.note("greeting")
print(r.greet())
print(r.log)
print(r.to_json())
print([k.__name__ for k in Robot.mro()])
