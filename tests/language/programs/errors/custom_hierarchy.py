class AppError(Exception):
    """Base of all."""
    code = 1

    def __init__(self, message, *, details=None):
        super().__init__(message)
        self.message = message
        self.details = details or {}

    def __str__(self):
        return f"[{self.code}] {self.message}"

class NotFound(AppError):
    code = 404

class Invalid(AppError, ValueError):
    code = 422

def fetch(key):
    store = {"a": 1}
    if not isinstance(key, str):
        raise Invalid("key must be text", details={"got": type(key).__name__})
    try:
        return store[key]
    except KeyError as e:
        raise NotFound(f"no {key}") from e

for key in ("a", "z", 3):
    try:
        print(fetch(key))
    except NotFound as e:
        print("not found:", e, "| cause:", repr(e.__cause__))
    except (AppError, OSError) as e:
        print(type(e).__name__, e, e.details, isinstance(e, ValueError))
    else:
        print("ok")
    finally:
        print("-")
print(issubclass(NotFound, AppError), NotFound("x").args, AppError.__doc__)
