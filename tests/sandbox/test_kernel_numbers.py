"""The tables of system calls, held against the kernel's own headers where they are installed (linux-libc-dev)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codeact.sandbox.kernel import mounts, seccomp, seccomp_workspace, wall, workspace_wall

HEADERS = {
    "x86_64": ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/x86_64-linux-gnu/include/asm/unistd_64.h"],
    # The generic table is that of aarch64: "3264" marks names that 32-bit kernels give to other calls.
    "aarch64": ["/usr/include/asm-generic/unistd.h", "/usr/aarch64-linux-gnu/include/asm-generic/unistd.h"],
}
COLUMNS = list(seccomp.ARCHITECTURES)

TABLES: dict[str, tuple[int | None, int | None]] = {
    **seccomp.PLAIN,
    **seccomp_workspace.FILES,
    **{name: pair for name, (pair, _) in seccomp_workspace.MODES.items()},
    **{name: pair for name, (pair, _) in seccomp_workspace.CHANGES.items()},
    **{name: pair for name, (pair, _) in seccomp_workspace.ABSENT.items()},
    "mmap": seccomp.MMAP,
    "mprotect": seccomp.MPROTECT,
    "clone": seccomp.CLONE,
    "clone3": seccomp.CLONE3,
    "prctl": seccomp.PRCTL,
    "prlimit64": seccomp.PRLIMIT,
    "ioctl": seccomp.IOCTL,
    "sched_getaffinity": seccomp.GETAFFINITY,
    **dict(zip(("clock_gettime", "clock_getres", "clock_nanosleep"), seccomp.CLOCKS, strict=True)),
    "fcntl": seccomp_workspace.FCNTL,
    "umask": seccomp_workspace.UMASK,
    "socketpair": seccomp_workspace.SOCKETPAIR,
    "landlock_create_ruleset": (wall.LANDLOCK_CREATE,) * 2,
    "landlock_restrict_self": (wall.LANDLOCK_RESTRICT,) * 2,
    "landlock_add_rule": (workspace_wall.LANDLOCK_ADD_RULE,) * 2,
    "close_range": (wall.CLOSE_RANGE,) * 2,
    "seccomp": (wall.SECCOMP["x86_64"], wall.SECCOMP["aarch64"]),
    "capset": (workspace_wall.CAPSET["x86_64"], workspace_wall.CAPSET["aarch64"]),
    "capget": (workspace_wall.CAPGET["x86_64"], workspace_wall.CAPGET["aarch64"]),
    "pivot_root": (mounts._PIVOT_ROOT["x86_64"], mounts._PIVOT_ROOT["aarch64"]),
    "open_tree": (mounts._OPEN_TREE,) * 2,
    "move_mount": (mounts._MOVE_MOUNT,) * 2,
    "fsopen": (mounts._FSOPEN,) * 2,
    "fsconfig": (mounts._FSCONFIG,) * 2,
    "fsmount": (mounts._FSMOUNT,) * 2,
    "mount_setattr": (mounts._MOUNT_SETATTR,) * 2,
}


def numbers(machine: str) -> dict[str, int]:
    """Name to number of each system call, from the header of this architecture."""
    header = next((Path(path) for path in HEADERS[machine] if Path(path).exists()), None)
    if header is None:
        pytest.skip(f"the kernel's header for {machine} is not installed (linux-libc-dev)")
    found = re.findall(r"^#define\s+__NR(?:3264)?_(\w+)\s+(\d+)\s*$", header.read_text(), re.MULTILINE)
    named = {name: int(number) for name, number in found}
    if machine == "aarch64":
        named["newfstatat"] = named.pop("fstatat")
    return named


@pytest.mark.parametrize("machine", COLUMNS)
def test_every_number_is_the_kernels(machine: str) -> None:
    kernels = numbers(machine)
    newest = max(kernels.values())
    ours = {name: pair[COLUMNS.index(machine)] for name, pair in TABLES.items()}
    wrong = {
        name: (number, kernels.get(name))
        for name, number in ours.items()
        if number != kernels.get(name) and (number is None or number <= newest)  # an older header ends sooner
    }
    assert wrong == {}


@pytest.mark.parametrize("machine", COLUMNS)
def test_each_profile_names_a_call_once(machine: str) -> None:
    """Of two rules for one number the first would decide."""
    column = COLUMNS.index(machine)
    for tables in ([seccomp.PLAIN], [seccomp.PLAIN, seccomp_workspace.FILES]):
        listed = [pair[column] for table in tables for pair in table.values() if pair[column] is not None]
        assert len(listed) == len(set(listed))


def test_the_architectures_are_the_kernels() -> None:
    machines = Path("/usr/include/linux/elf-em.h")
    if not machines.exists():
        pytest.skip("the kernel's headers are not installed (linux-libc-dev)")
    found = dict(re.findall(r"^#define\s+(EM_\w+)\s+(\d+)", machines.read_text(), re.MULTILINE))
    sixty_four_bits, little_endian = 0x80000000, 0x40000000  # linux/audit.h
    for machine, name in {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}.items():
        assert seccomp.ARCHITECTURES[machine] == int(found[name]) | sixty_four_bits | little_endian
