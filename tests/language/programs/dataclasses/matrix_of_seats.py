from dataclasses import dataclass, field

@dataclass
class Seat:
    row: int
    column: str
    taken_by: str | None = None

    def __str__(self):
        return f"{self.row}{self.column}"

@dataclass
class Hall:
    rows: int
    seats: list[Seat] = field(init=False)

    def __post_init__(self):
        self.seats = [Seat(r, c) for r in range(1, self.rows + 1) for c in "ABC"]

    def book(self, name, n):
        free = [s for s in self.seats if s.taken_by is None]
        if len(free) < n:
            raise LookupError(f"only {len(free)} seats left for {name}")
        for seat in free[:n]:
            seat.taken_by = name
        return [str(s) for s in free[:n]]

hall = Hall(2)
print(hall.book("ann", 2), hall.book("bob", 3))
try:
    hall.book("cy", 2)
except LookupError as e:
    print(e)
[s for s in hall.seats if not s.taken_by]
