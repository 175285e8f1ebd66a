import calendar
from datetime import date, timedelta

print(calendar.isleap(2024), calendar.monthrange(2024, 2), calendar.month_name[3], calendar.day_abbr[0])
for week in calendar.monthcalendar(2024, 2):
    print(" ".join(f"{d:2d}" if d else "  " for d in week))
print(calendar.month(2024, 2))
cal = calendar.Calendar(firstweekday=6)
print([d.day for d in cal.itermonthdates(2024, 2) if d.weekday() == 4])

def nth_weekday(year, month, weekday, n):
    first = date(year, month, 1)
    offset = (weekday - first.weekday()) % 7
    return first + timedelta(days=offset + 7 * (n - 1))

print(nth_weekday(2024, 11, calendar.THURSDAY, 4), [y for y in range(1896, 1920) if calendar.isleap(y)])
def month_ends(year):
    return [date(year, m, calendar.monthrange(year, m)[1]) for m in range(1, 13)]
[d.day for d in month_ends(2023)]
