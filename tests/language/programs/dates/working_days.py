from datetime import date, timedelta

HOLIDAYS = {date(2024, 1, 1), date(2024, 12, 25)}

def working_days(start, end):
    day = start
    while day <= end:
        if day.weekday() < 5 and day not in HOLIDAYS:
            yield day
        day += timedelta(days=1)

january = list(working_days(date(2024, 1, 1), date(2024, 1, 31)))
print(len(january), january[0], january[-1].strftime("%a %d %b"))

def add_working_days(start, n):
    day, step = start, 1 if n > 0 else -1
    while n:
        day += timedelta(days=step)
        if day.weekday() < 5 and day not in HOLIDAYS:
            n -= step
    return day

print(add_working_days(date(2024, 12, 24), 2), add_working_days(date(2024, 1, 2), -1))
by_week = {}
for d in january:
    by_week.setdefault(d.isocalendar().week, []).append(d.day)
by_week
