from datetime import date, datetime, timedelta, time

start = date(2024, 1, 31)
for i in range(3):
    print(start + timedelta(days=30 * i), (start + timedelta(weeks=i)).strftime("%a %d %b"))
print((date(2024, 12, 25) - start).days, date(2024, 2, 29).replace(year=2028), start.isoweekday(), start.timetuple().tm_yday)
d = datetime(2024, 3, 10, 8, 30, 15, 250000)
print(d.isoformat(), d.isoformat(" ", "seconds"), d.date(), d.time(), d.replace(hour=0, minute=0, second=0, microsecond=0))
delta = timedelta(days=1, hours=2, minutes=30)
print(delta, delta.total_seconds(), delta * 2, delta / 3, delta // timedelta(hours=1), -delta, abs(-delta), divmod(delta, timedelta(days=1)))
print(d + delta, d - timedelta(days=400), d > datetime(2024, 1, 1), max(d, d + delta))
print(date.fromisoformat("2023-05-06"), datetime.fromisoformat("2023-05-06T07:08:09"), datetime.combine(start, time(9, 5)))
def age(born, today):
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
print(age(date(1990, 5, 17), date(2024, 5, 16)), age(date(1990, 5, 17), date(2024, 5, 17)))
weekends = [start + timedelta(n) for n in range(10) if (start + timedelta(n)).weekday() >= 5]
weekends
