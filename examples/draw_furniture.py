"""Draw the picture of `docs/scenes.md`: every shape that a body can have, one tile each.

Run it: `python examples/draw_furniture.py furniture.png`, or `make gallery`.
"""

from __future__ import annotations

import math
import sys

from PIL import Image, ImageDraw, ImageFont

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.engine.camera import Camera, Frame

SIZE, FINER, COLUMNS, GAP, CAPTION = 230, 2, 6, 10, 26
COLORS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan")
OPEN = {"drawer": 0.7, "door": 0.45, "knob": 0.3, "peg": 0.2}  # where joints stand, as shares of their travel
LEFT_OUT = ("box", "cylinder", "zone")
AT = (3.0, 3.0)  # in front of nothing else


def draw(world: BulletWorld, shape: str) -> Frame:
    """One shape, seen from its front, its left and above, as large as its tile."""
    x, y = AT
    width, depth, height = SHAPES[shape].size
    world.reset([Placement(shape, shape, (x, y, height / 2.0), joint=OPEN.get(shape, 0.0))])
    reach = 0.5 * math.hypot(width, depth, height) + (0.06 if shape == "drawer" else 0.0)
    away = max(0.12, reach) / math.tan(math.radians(17.0))
    middle = (x - (0.08 if shape in ("drawer", "door") else 0.0), y, 0.45 * height)
    eye = (middle[0] - 0.68 * away, middle[1] + 0.52 * away, middle[2] + 0.62 * away)
    world.camera = Camera(eye, middle, 38.0, light=(-0.8, 0.8, 2.0))
    return world.render(SIZE * FINER, SIZE * FINER)


def main(path: str) -> None:
    shapes = [shape for shape in SHAPES if shape not in LEFT_OUT]
    rows = math.ceil(len(shapes) / COLUMNS)
    step_x, step_y = SIZE + GAP, SIZE + CAPTION + GAP
    sheet = Image.new("RGB", (COLUMNS * step_x - GAP, rows * step_y - GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    specs = [
        BodySpec(shape, shape, SHAPES[shape].size, color=COLORS[index % len(COLORS)])
        for index, shape in enumerate(shapes)
    ]
    with BulletWorld(specs, robot="husky") as world:
        for index, shape in enumerate(shapes):
            row, column = divmod(index, COLUMNS)
            missing = COLUMNS - min(COLUMNS, len(shapes) - row * COLUMNS)
            x, y = column * step_x + missing * step_x // 2, row * step_y
            picture = Image.fromarray(draw(world, shape))
            sheet.paste(picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS), (x, y))
            pen.rectangle((x, y, x + SIZE - 1, y + SIZE - 1), outline="#c3cbd3")
            pen.text((x + SIZE / 2, y + SIZE + CAPTION / 2), shape, "#333333", font, anchor="mm")
    sheet.save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "furniture.png")
