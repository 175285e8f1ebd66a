class CaseInsensitiveDict(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)

    def __getitem__(self, key):
        return super().__getitem__(key.lower())

    def __contains__(self, key):
        return super().__contains__(key.lower())

    def get(self, key, default=None):
        return super().get(key.lower(), default)

headers = CaseInsensitiveDict()
headers["Content-Type"] = "text/html"
headers["X-Count"] = 1
headers["x-count"] += 4
print(headers["CONTENT-TYPE"], "content-type" in headers, headers.get("Nope", "-"), headers)

class DefaultValue(dict):
    def __missing__(self, key):
        self[key] = value = len(self)
        return value

ids = DefaultValue()
print([ids[w] for w in "a b a c b d".split()], ids)
