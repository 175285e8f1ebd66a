ROUTES = []

def route(method, *pattern):
    def add(f):
        ROUTES.append((method, pattern, f))
        return f
    return add

@route("GET", "users", int)
def user(number): return f"user {number}"

@route("GET", "users")
def users(): return "all users"

@route("POST", "users", str)
def create(name): return f"created {name}"

def dispatch(request):
    match request.split():
        case [("GET" | "POST") as method, path]:
            parts = [p for p in path.split("/") if p]
        case [method, _]:
            return 405, method
        case _:
            return 400, "bad request"
    for wanted, pattern, handler in ROUTES:
        if wanted != method or len(pattern) != len(parts):
            continue
        try:
            args = [kind(p) for kind, p in zip(pattern, parts) if isinstance(kind, type)]
        except ValueError:
            continue
        if all(k == p for k, p in zip(pattern, parts) if isinstance(k, str)):
            return 200, handler(*args)
    return 404, "/".join(parts)

for r in ("GET /users/7", "GET /users", "POST /users/ann", "GET /users/x", "PUT /users", "hello"):
    print(r, "->", dispatch(r))
