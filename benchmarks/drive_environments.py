"""Every environment of other packages, driven: made, reset, acted in by chance, saved, restored, drawn and branched.

Run it, where the extra `environments` is installed:

    python benchmarks/drive_environments.py [--packages minigrid panda-gym] [--write-docs]

It prints what fails as it goes, and then a row for each package, which `--write-docs` puts into
docs/any-environment.md; the rows of packages that were not asked for stay. Of each environment the newest version is
taken. MiniWoB++ takes a quarter of an hour. It exits with 1 when a package is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from importlib.metadata import version
from pathlib import Path

import gymnasium

from codeact.errors import TaskError
from codeact.values import encode
from codeact_envs.gym_tools.packages import PACKAGES, NotInstalled, Package, spec_of
from codeact_envs.gym_tools.spaces import plain
from codeact_envs.gym_tools.world import GymWorld, Source

DOCUMENT = Path(__file__).parents[1] / "docs" / "any-environment.md"
BEGIN, END = "<!-- benchmarks/drive_environments.py -->", "<!-- end of driven -->"
HEAD = ["| package | environments | driven | not |", "| --- | ---: | ---: | --- |"]
ACTIONS, SEED = 4, 7


def main() -> int:
    names = [package.distribution for package in PACKAGES]
    parser = argparse.ArgumentParser(description="Drive every environment of other packages.")
    parser.add_argument("--packages", nargs="*", choices=names, default=names)
    parser.add_argument("--write-docs", action="store_true")
    chosen = parser.parse_args()
    rows, missing = {}, False
    for package in PACKAGES:
        if package.distribution in chosen.packages:
            try:
                rows[package.distribution] = row(package)
            except NotInstalled as error:
                missing = True
                print(error, file=sys.stderr)
    print("\n".join([*HEAD, *rows.values()]))
    if chosen.write_docs:
        text = DOCUMENT.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        kept = {line.split()[1]: line for line in text[begin:end].splitlines()[1 + len(HEAD) :]}
        lines = [line for _, line in sorted({**kept, **rows}.items())]
        DOCUMENT.write_text(text[:begin] + "\n" + "\n".join([*HEAD, *lines]) + "\n" + text[end:])
    return 1 if missing else 0


def row(package: Package) -> str:
    failed: dict[str, list[str]] = {}
    environments = newest(package)
    for name in environments:
        reason = driven(name)
        if reason:
            failed.setdefault(reason, []).append(f"`{name}`")
            print(f"{name}: {reason}", flush=True)
    count = len(environments) - sum(map(len, failed.values()))
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in failed.items())
    return f"| {package.distribution} {version(package.distribution)} | {len(environments)} | {count} | {told} |"


def newest(package: Package) -> list[str]:
    """The ids of a package's environments, of each the newest version.

    Raises:
        NotInstalled: the package cannot be imported.
    """
    with contextlib.suppress(gymnasium.error.Error):  # there is no such environment, but the package is imported now
        spec_of(f"{package.ids[0]}NoSuch-v0")
    found: dict[str, int] = {}
    for name in gymnasium.registry:
        if name.startswith(package.ids):
            base, _, number = name.rpartition("-v")
            found[base] = max(int(number), found.get(base, 0))
    return sorted(f"{base}-v{number}" for base, number in found.items())


def driven(name: str) -> str:
    """Why an environment cannot be driven in some way; nothing if it can.

    Raises:
        NotInstalled: what it needs is missing.
    """
    try:
        world = GymWorld(Source(name))
    except NotInstalled:
        raise
    except TaskError as error:
        return short(str(error).partition("cannot be made: ")[2])
    try:
        tools = {tool.name: tool for tool in world.toolbox}
        space = world._env.action_space
        space.seed(SEED)
        world.reset(SEED)
        start = world.state_hash()
        encode([tools["observe"](), tools["last_info"]()])
        for _ in range(ACTIONS):
            if not world.snapshot().over:
                encode(tools["step"](plain(space.sample())))
        saved = world.save_state()
        world.restore_state(saved)
        branch = world.branch()
        branch.close()
        assert world.render(64, 48).shape == (48, 64, 3)
        world.reset(SEED + 1)
        world.reset(SEED)
        return "" if world.state_hash() == start else "a reset shows what was before"
    except TaskError:
        return "cannot be restored"
    except Exception as error:  # whatever its simulator raises
        return short(f"{type(error).__name__}: {error}")
    finally:
        world.close()


def short(reason: str) -> str:
    return " ".join(reason.split())[:100]


if __name__ == "__main__":
    sys.exit(main())
