"""The curve of a run as a picture that any browser shows, drawn without a library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 800, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 60, 30, 40
SMOOTH = 0.9  # share of the past in the smoothed curve

Point = tuple[float, float]


def draw_loss(lines: Sequence[dict[str, Any]]) -> str:
    """An SVG picture: loss on what is learnt, on what is held out, and the share of episodes won, by step.

    Args:
        lines: of `metrics.jsonl`: `step`, and of `loss`, `held_out_loss` and `success` those that there are.
    """
    loss = _points(lines, "loss")
    curves = [("learnt", "#bbb", loss), ("smoothed", "#06c", _smoothed(loss))]
    curves.append(("held out", "#d60", _points(lines, "held_out_loss")))
    success = _points(lines, "success")
    values = [y for _, _, points in curves for _, y in points] or [1.0]
    last = max([x for x, _ in [*loss, *success, *curves[2][2]]] or [1.0])
    top = _nice(max(values))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#eee"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * top:.3g}</text>')
        if success:
            parts.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4:.1f}" fill="#080">{share:.0%}</text>')
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{share * last:.0f}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">step</text>')
    names = [(name, colour) for name, colour, points in curves if points] + ([("won", "#080")] if success else [])
    for place, (name, colour) in enumerate(names):
        parts.append(f'<text x="{LEFT + 90 * place}" y="18" fill="{colour}">{name}</text>')
    for _, colour, points in curves:
        parts.append(_curve([(x / last, y / top) for x, y in points], colour))
    parts.append(_curve([(x / last, y) for x, y in success], "#080"))
    return "\n".join([*parts, "</svg>\n"])


def _points(lines: Sequence[dict[str, Any]], key: str) -> list[Point]:
    found = [(float(line["step"]), float(line[key])) for line in lines if line.get(key) is not None]
    return [point for point in found if math.isfinite(point[1])]


def _smoothed(points: Sequence[Point]) -> list[Point]:
    """An exponential mean, corrected for its beginning."""
    mean, weight, found = 0.0, 0.0, []
    for x, y in points:
        mean, weight = SMOOTH * mean + (1 - SMOOTH) * y, SMOOTH * weight + (1 - SMOOTH)
        found.append((x, mean / weight))
    return found


def _curve(points: Sequence[Point], colour: str) -> str:
    """`points` with both coordinates from 0 to 1."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    places = " ".join(f"{LEFT + x * width:.1f},{TOP + (1 - y) * height:.1f}" for x, y in points)
    return f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{places}"/>'


def _nice(value: float) -> float:
    """The next of 1, 2, 5, 10, ... above."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
