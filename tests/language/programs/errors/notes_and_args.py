def parse_row(row, number):
    try:
        return int(row)
    except ValueError as e:
        e.add_note(f"in row {number}")
        raise

try:
    for i, r in enumerate(["1", "2", "x"]):
        parse_row(r, i)
except ValueError as e:
    print(e, e.__notes__)

class Http(Exception):
    def __init__(self, status, reason):
        self.status, self.reason = status, reason
    def __str__(self):
        return f"{self.status} {self.reason}"
    def __reduce__(self):
        return Http, (self.status, self.reason)

try:
    raise Http(503, "busy")
except Http as e:
    print(e, e.args, e.status // 100)
