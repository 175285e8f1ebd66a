"""`zoneinfo` for a program: zones that were read before the wall went up, since no file can be read behind it."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from codeact.sandbox.language.views import ModuleView
from codeact.sandbox.text import words

if TYPE_CHECKING:
    from codeact.sandbox.language.guards import Guards

_NAMES = words(
    """UTC GMT Etc/UTC Africa/Cairo Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Anchorage
    America/Argentina/Buenos_Aires America/Bogota America/Chicago America/Denver America/Halifax America/Lima
    America/Los_Angeles America/Mexico_City America/New_York America/Phoenix America/Santiago America/Sao_Paulo
    America/Toronto America/Vancouver Asia/Bangkok Asia/Dhaka Asia/Dubai Asia/Hong_Kong Asia/Jakarta
    Asia/Jerusalem Asia/Karachi Asia/Kolkata Asia/Manila Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore
    Asia/Taipei Asia/Tehran Asia/Tokyo Atlantic/Reykjavik Australia/Brisbane Australia/Melbourne Australia/Perth
    Australia/Sydney Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Brussels Europe/Dublin Europe/Helsinki
    Europe/Istanbul Europe/Lisbon Europe/London Europe/Madrid Europe/Moscow Europe/Oslo Europe/Paris
    Europe/Prague Europe/Rome Europe/Stockholm Europe/Vienna Europe/Warsaw Europe/Zurich Pacific/Auckland
    Pacific/Honolulu US/Central US/Eastern US/Pacific"""
)

_zones: dict[str, zoneinfo.ZoneInfo] = {}


def warm_up() -> None:
    """Read the zones, as far as this machine has them."""
    for name in _NAMES:
        try:
            _zones[name] = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, OSError, ValueError):
            continue


def _zone(key: Any) -> zoneinfo.ZoneInfo:
    """`zoneinfo.ZoneInfo`."""
    try:
        return _zones[key]
    except (KeyError, TypeError):
        known = ", ".join(sorted(_zones)) or "none; use datetime.timezone with an offset"
        raise zoneinfo.ZoneInfoNotFoundError(f"no time zone found with key {key}; available here: {known}") from None


def view(guards: Guards) -> ModuleView:
    """`zoneinfo`, for one session."""
    guards.limited[zoneinfo.ZoneInfo] = frozenset(["dst", "fromutc", "key", "tzname", "utcoffset"])
    return ModuleView(
        "zoneinfo",
        {
            "ZoneInfo": _zone,
            "ZoneInfoNotFoundError": zoneinfo.ZoneInfoNotFoundError,
            "available_timezones": lambda: set(_zones),
        },
    )
