from datetime import datetime, date, timedelta

now = datetime(2024, 6, 15, 12, 30)
events = {"launch": datetime(2024, 6, 20, 9), "review": datetime(2024, 6, 15, 18, 45), "past": datetime(2024, 1, 1)}
for name, when in sorted(events.items(), key=lambda e: e[1]):
    delta = when - now
    if delta < timedelta(0):
        print(f"{name}: {-delta.days} days ago")
        continue
    hours, rest = divmod(delta.seconds, 3600)
    print(f"{name}: {delta.days}d {hours}h {rest // 60}m")
birthdays = {"ann": date(1990, 6, 16), "bob": date(2000, 2, 29)}
for who, born in birthdays.items():
    age = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
    print(who, age, f"{born:%d.%m.%Y}")
quarter = (now.month - 1) // 3 + 1
quarter, now.replace(month=1, day=1).strftime("%j"), (now + timedelta(hours=36)).isoformat(timespec="minutes")
