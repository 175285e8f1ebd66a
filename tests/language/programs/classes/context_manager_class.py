class Transaction:
    def __init__(self, store):
        self.store = store

    def __enter__(self):
        self.backup = dict(self.store)
        print("begin")
        return self.store

    def __exit__(self, exc_type, exc, tb):
        if exc_type is not None:
            self.store.clear()
            self.store.update(self.backup)
            print(f"rollback because of {exc_type.__name__}: {exc}")
            return exc_type is ValueError
        print("commit")
        return False

db = {"a": 1}
with Transaction(db) as t:
    t["b"] = 2
print(db)
with Transaction(db) as t:
    t["c"] = 3
    raise ValueError("bad value")
print(db)
try:
    with Transaction(db) as t:
        del t["a"]
        t["nope"]
except KeyError as e:
    print("KeyError", e)
db
