from datetime import datetime, timezone, timedelta

samples = [("2024-05-06", "%Y-%m-%d"), ("06/05/24", "%d/%m/%y"), ("May 6, 2024 7:08 PM", "%B %d, %Y %I:%M %p"), ("20240506T070809", "%Y%m%dT%H%M%S")]
for text, fmt in samples:
    parsed = datetime.strptime(text, fmt)
    print(f"{text:<22}{parsed}  {parsed:%j %U %H:%M}")
try:
    datetime.strptime("2024-13-01", "%Y-%m-%d")
except ValueError as e:
    print(e)
utc = datetime(2024, 7, 1, 12, 0, tzinfo=timezone.utc)
paris = timezone(timedelta(hours=2), "CEST")
print(utc.astimezone(paris), utc.astimezone(paris).tzname(), utc.timestamp(), datetime.fromtimestamp(0, tz=timezone.utc))
print(utc.utcoffset(), (utc - datetime(2024, 7, 1, 12, 0, tzinfo=paris)), utc.isoformat())
def humanize(delta):
    seconds = int(delta.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            n = seconds // size
            return f"{n} {unit}{'s' if n != 1 else ''} ago"
    return "just now"
[humanize(timedelta(seconds=s)) for s in (5, 61, 7200, 86400 * 3)]
