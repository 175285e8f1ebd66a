"""Draw the robots' picture of the README: every robot at work, one tile each.

Run it: `python examples/draw_robots.py robots.png`, or `make gallery`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.engine.camera import Camera, Frame

WIDTH, HEIGHT, FINER, COLUMNS, GAP, CAPTION = 400, 300, 2, 4, 12, 34
CUBE = (0.05, 0.05, 0.05)
SMALL = (0.03, 0.03, 0.03)
BODIES = {
    body.key: body
    for body in (
        BodySpec("red", "box", CUBE, 0.05, "red"),
        BodySpec("green", "box", CUBE, 0.05, "green"),
        BodySpec("blue", "box", CUBE, 0.05, "blue"),
        BodySpec("can", "cylinder", (0.055, 0.055, 0.09), 0.08, "purple"),
        BodySpec("bowl", "bowl", (0.18, 0.18, 0.06), 0.2, "yellow"),
        BodySpec("zone", "zone", (0.14, 0.14, 0.002), color="cyan"),
        BodySpec("small red", "box", SMALL, 0.02, "red"),
        BodySpec("small green", "box", SMALL, 0.02, "green"),
        BodySpec("small blue", "box", SMALL, 0.02, "blue"),
        BodySpec("crate", "box", (0.4, 0.4, 0.4), 3.0, "orange"),
        BodySpec("other crate", "box", (0.3, 0.3, 0.5), 3.0, "blue"),
        BodySpec("goal", "zone", (0.8, 0.8, 0.002), color="green"),
    )
}


def stack(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("red", "red", (0.50, 0.0, 0.025)),
            Placement("green", "green", (0.45, 0.22, 0.025), 0.4),
            Placement("blue", "blue", (0.55, -0.22, 0.025), 0.9),
            Placement("bowl", "bowl", (0.35, -0.33, 0.03)),
        ]
    )
    arm = TabletopApi(world)
    assert arm.pick("green")
    assert arm.place_on("red")
    assert arm.pick("blue")
    assert arm.move_to(0.50, 0.0, 0.24)


def fill(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("bowl", "bowl", (0.48, 0.18, 0.03)),
            Placement("red", "red", (0.50, -0.05, 0.025), 0.3),
            Placement("blue", "blue", (0.42, -0.22, 0.025), 1.0),
            Placement("green", "green", (0.60, -0.24, 0.025), 0.6),
        ]
    )
    arm = TabletopApi(world)
    assert arm.pick("red")
    assert arm.place_on("bowl")
    assert arm.pick("blue")
    assert arm.move_to(0.48, 0.18, 0.22)


def sort(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("zone", "zone", (0.46, 0.2, 0.0)),
            Placement("can", "can", (0.45, -0.15, 0.045)),
            Placement("red", "red", (0.35, -0.3, 0.025), 0.5),
            Placement("blue", "blue", (0.56, -0.27, 0.025), 0.2),
        ]
    )
    arm = TabletopApi(world)
    assert arm.pick("can")
    assert arm.move_to(0.46, 0.2, 0.2)


def stack_small(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("small red", "red", (0.22, 0.06, 0.015), 0.2),
            Placement("small green", "green", (0.20, -0.08, 0.015)),
            Placement("small blue", "blue", (0.24, -0.02, 0.015), 0.5),
        ]
    )
    arm = TabletopApi(world)
    assert arm.pick("red")
    assert arm.place_on("green")
    assert arm.pick("blue")
    assert arm.move_to(0.2, -0.02, 0.08)


def together(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("red", "red", (0.5, 0.32, 0.025)),
            Placement("green", "green", (0.45, 0.15, 0.025), 0.3),
            Placement("blue", "blue", (0.5, -0.35, 0.025)),
            Placement("zone", "zone", (0.5, 0.0, 0.0)),
        ]
    )
    left, right = TabletopApi(world, "left"), TabletopApi(world, "right")
    assert left.pick("red")
    assert left.move_to(0.5, 0.2, 0.25)
    assert right.pick("blue")
    assert right.move_to(0.5, -0.2, 0.35)


def push(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("crate", "crate", (1.05, 0.0, 0.2)),
            Placement("other crate", "other crate", (1.1, 0.9, 0.25), 0.5),
            Placement("goal", "goal", (2.0, 0.0, 0.0)),
        ]
    )
    world.base_controller.drive_straight(1.15)


def fetch(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("red", "red", (1.5, 0.0, 0.025)),
            Placement("crate", "crate", (2.0, 0.8, 0.2), 0.3),
            Placement("goal", "goal", (1.4, -1.0, 0.0)),
        ]
    )
    arm = TabletopApi(world)
    assert world.base_controller.drive_to(0.7, 0.0, 0.0).reached
    assert arm.pick("red")
    assert arm.home()
    assert world.base_controller.drive_to(0.7, -0.3, -math.pi / 4).reached


def fly(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("crate", "crate", (-0.6, 0.15, 0.2), 0.3),
            Placement("other crate", "other crate", (-0.5, -0.9, 0.25), 0.2),
        ]
    )
    pilot = world.drone_controller
    assert pilot.take_off(0.65).reached
    assert pilot.fly_to(0.55, 0.0, 0.65, yaw=0.6).reached


@dataclass(frozen=True)
class Tile:
    robot: str
    work: Callable[[BulletWorld], None]
    bodies: str
    camera: Camera


TILES = [
    Tile("panda", stack, "red, green, blue, bowl", Camera((1.30, 0.68, 0.86), (0.28, -0.04, 0.29), 43.0)),
    Tile("kuka_iiwa", fill, "red, green, blue, bowl", Camera((1.44, 0.76, 1.00), (0.28, 0.02, 0.33), 42.0)),
    Tile("xarm6", sort, "red, blue, can, zone", Camera((1.22, 0.58, 0.78), (0.27, 0.02, 0.22), 41.0)),
    Tile(
        "so101",
        stack_small,
        "small red, small green, small blue",
        Camera((0.56, 0.24, 0.34), (0.12, -0.02, 0.08), 40.0),
    ),
    Tile("two_pandas", together, "red, green, blue, zone", Camera((1.62, 0.30, 1.12), (0.25, 0.0, 0.23), 43.0)),
    Tile("husky", push, "crate, other crate, goal", Camera((3.0, 2.3, 2.0), (1.35, 0.12, 0.15), 38.0)),
    Tile("husky_panda", fetch, "red, crate, goal", Camera((2.2, 1.2, 2.0), (0.95, -0.45, 0.42), 40.0)),
    Tile("crazyflie", fly, "crate, other crate", Camera((0.90, 0.24, 0.80), (0.53, 0.0, 0.61), 32.0)),
]


def draw(tile: Tile) -> tuple[str, Frame]:
    with BulletWorld([BODIES[key] for key in tile.bodies.split(", ")], robot=tile.robot) as world:
        tile.work(world)
        world.camera = tile.camera
        return world.description.title, world.render(WIDTH * FINER, HEIGHT * FINER)


def main(path: str) -> None:
    rows = math.ceil(len(TILES) / COLUMNS)
    step_x, step_y = WIDTH + GAP, HEIGHT + CAPTION + GAP
    sheet = Image.new("RGB", (COLUMNS * step_x - GAP, rows * step_y - GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(19)
    for index, tile in enumerate(TILES):
        title, pixels = draw(tile)
        row, column = divmod(index, COLUMNS)
        missing = COLUMNS - min(COLUMNS, len(TILES) - row * COLUMNS)
        x, y = column * step_x + missing * step_x // 2, row * step_y
        sheet.paste(Image.fromarray(pixels).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), (x, y))
        pen.rectangle((x, y, x + WIDTH - 1, y + HEIGHT - 1), outline="#c3cbd3")
        pen.text((x + WIDTH / 2, y + HEIGHT + CAPTION / 2), title, "#333333", font, anchor="mm")
    sheet.save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "robots.png")
