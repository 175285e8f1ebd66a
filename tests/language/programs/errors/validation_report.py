class ValidationError(ValueError):
    def __init__(self, field, problem):
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem

RULES = [
    ("name", lambda v: isinstance(v, str) and v.strip(), "must not be empty"),
    ("age", lambda v: isinstance(v, int) and 0 <= v < 150, "must be between 0 and 149"),
    ("mail", lambda v: isinstance(v, str) and v.count("@") == 1, "must have one @"),
]

def validate(record, collect=False):
    errors = []
    for field, rule, problem in RULES:
        if not rule(record.get(field)):
            error = ValidationError(field, problem)
            if not collect:
                raise error
            errors.append(error)
    return errors

print(validate({"name": "Ann", "age": 5, "mail": "a@b"}))
for e in validate({"name": " ", "age": 200}, collect=True):
    print(e, "|", e.field)
try:
    validate({"name": "x", "age": -1})
except ValidationError as e:
    print(repr(e))
