from datetime import datetime, timezone
from zoneinfo import ZoneInfo

meeting = datetime(2024, 3, 10, 15, 0, tzinfo=ZoneInfo("Europe/Berlin"))
for zone in ("America/New_York", "Asia/Tokyo", "UTC"):
    local = meeting.astimezone(ZoneInfo(zone))
    print(f"{zone:<18}{local:%Y-%m-%d %H:%M %Z}")
print(meeting.utcoffset(), meeting.astimezone(timezone.utc).isoformat())
