from dataclasses import dataclass
from datetime import datetime, timedelta

@dataclass(order=True, frozen=True)
class Slot:
    start: datetime
    end: datetime

    def overlaps(self, other: "Slot") -> bool:
        return self.start < other.end and other.start < self.end

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds() // 60)

def at(h, m=0):
    return datetime(2024, 4, 2, h, m)

busy = [Slot(at(9), at(10, 30)), Slot(at(13), at(14)), Slot(at(10), at(11))]

def merge(slots):
    merged = []
    for s in sorted(slots):
        if merged and merged[-1].end >= s.start:
            merged[-1] = Slot(merged[-1].start, max(merged[-1].end, s.end))
        else:
            merged.append(s)
    return merged

def free(slots, day_start, day_end, at_least=timedelta(minutes=30)):
    cursor = day_start
    for s in merge(slots):
        if s.start - cursor >= at_least:
            yield Slot(cursor, s.start)
        cursor = max(cursor, s.end)
    if day_end - cursor >= at_least:
        yield Slot(cursor, day_end)

print(busy[0].overlaps(busy[2]), busy[0].overlaps(busy[1]))
for slot in free(busy, at(8), at(17)):
    print(f"{slot.start:%H:%M}-{slot.end:%H:%M} ({slot.minutes} min)")
sum(s.minutes for s in merge(busy))
