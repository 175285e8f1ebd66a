import re
from collections import defaultdict
from datetime import datetime

LOG = """\
2024-03-01 10:15:32 ERROR db: connection lost (attempt 1)
2024-03-01 10:15:40 INFO web: GET /index.html 200
2024-03-01 10:16:02 WARNING db: slow query 1532ms
2024-03-01 10:17:45 ERROR web: GET /missing 404
garbage line
"""
PATTERN = re.compile(
    r"^(?P<time>\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})\s+(?P<level>[A-Z]+)\s+(?P<source>\w+):\s*(?P<message>.*)$"
)

events, bad = [], []
for number, line in enumerate(LOG.splitlines(), start=1):
    if m := PATTERN.match(line):
        event = m.groupdict()
        event["time"] = datetime.strptime(event["time"], "%Y-%m-%d %H:%M:%S")
        events.append(event)
    else:
        bad.append((number, line))

levels = defaultdict(int)
for e in events:
    levels[e["level"]] += 1
print(dict(levels), bad)
span = events[-1]["time"] - events[0]["time"]
print(span, span.total_seconds())
for e in events:
    if e["level"] == "ERROR":
        print(f"[{e['time']:%H:%M}] {e['source'].upper()}: {e['message']}")
