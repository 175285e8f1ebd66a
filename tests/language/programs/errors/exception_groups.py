def validate(record):
    problems = []
    if not record.get("name"):
        problems.append(ValueError("name is required"))
    if record.get("age", 0) < 0:
        problems.append(ValueError("age must be positive"))
    if not isinstance(record.get("tags", []), list):
        problems.append(TypeError("tags must be a list"))
    if problems:
        raise ExceptionGroup("invalid record", problems)
    return True

print(validate({"name": "a"}))
try:
    validate({"age": -1, "tags": "x"})
except* ValueError as group:
    print("values:", [str(e) for e in group.exceptions])
except* TypeError as group:
    print("types:", [str(e) for e in group.exceptions])

try:
    validate({"name": ""})
except ExceptionGroup as eg:
    print(eg.message, len(eg.exceptions), eg)
    matched, rest = eg.split(TypeError)
    print(matched, rest.exceptions[0])
