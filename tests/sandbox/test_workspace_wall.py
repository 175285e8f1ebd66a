"""The workspace profile's seccomp program of both architectures, and how each of its layers is left out."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Sandbox, level
from codeact.sandbox.kernel import seccomp, seccomp_workspace

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
EPERM = ERRNO | errno.EPERM
MACHINES = list(seccomp.ARCHITECTURES)

# Calls that would lead out, by their numbers on x86_64 and aarch64.
DENIED = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "accept": (43, 202),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "setuid": (105, 146),
    "setresuid": (117, 147),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    "setrlimit": (160, 164),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    "splice": (275, 76),
    "vmsplice": (278, 75),
    "shmget": (29, 194),
    "mq_open": (240, 180),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "quotactl": (179, 60),
    "sched_setaffinity": (203, 122),
    "landlock_create_ruleset": (444, 444),
}

# What files, threads and libraries need.
ALLOWED = {
    "open": (2, None),
    "openat": (257, 56),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "getdents64": (217, 61),
    "mkdirat": (258, 34),
    "unlinkat": (263, 35),
    "renameat2": (316, 276),
    "ftruncate": (77, 46),
    "fallocate": (285, 47),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "dup": (32, 23),
    "flock": (73, 32),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "copy_file_range": (326, 285),
    "sendfile": (40, 71),
    "statfs": (137, 43),
    "sysinfo": (99, 179),
    "mmap": (9, 222),
    "mprotect": (10, 226),
}


def decide(machine: str, mounts: bool, number: int, *arguments: int, architecture: int | None = None) -> int:
    """Run the filter as the kernel would, on one call."""
    code = seccomp_workspace.program(machine, mounts)
    lines = [struct.unpack_from("=HBBI", code, offset) for offset in range(0, len(code), 8)]
    data = struct.pack(
        "<IIQ6Q",
        number,
        seccomp.ARCHITECTURES[machine] if architecture is None else architecture,
        0,
        *[*arguments, *[0] * 6][:6],
    )
    position = accumulator = 0
    while True:
        operation, if_true, if_false, operand = lines[position]
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x06:
            return int(operand)
        else:
            hit = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}[
                operation
            ]
            position += if_true if hit else if_false


@pytest.mark.parametrize("mounts", [True, False])
@pytest.mark.parametrize("column", [0, 1], ids=MACHINES)
def test_what_is_listed_passes_and_nothing_else(column: int, mounts: bool) -> None:
    machine = MACHINES[column]
    listed = {pair[column] for table in (seccomp.PLAIN, seccomp_workspace.FILES) for pair in table.values()}
    modes = {pair[column] for pair, _ in seccomp_workspace.MODES.values()}
    changes = {pair[column] for pair, _ in seccomp_workspace.CHANGES.values()}
    absent = {pair[column]: error for pair, error in seccomp_workspace.ABSENT.values()}
    pairs = ((9, 222), (10, 226), (302, 261), (204, 123), (228, 113), (229, 114), (230, 115), (72, 25), (95, 166))
    special = {pair[column] for pair in pairs}  # allowed for these arguments
    for number in range(600):
        verdict = decide(machine, mounts, number)
        if number in absent:
            assert verdict == ERRNO | absent[number], number
        elif number == (16, 29)[column]:
            assert verdict == ERRNO | errno.ENOTTY
        else:
            allowed = number in listed | modes | special or (mounts and number in changes)
            assert verdict == (ALLOW if allowed else EPERM), number
    for name, numbers in DENIED.items():
        if numbers[column] is not None:
            assert decide(machine, mounts, numbers[column]) == EPERM, name  # type: ignore[arg-type]
    for name, numbers in ALLOWED.items():
        if numbers[column] is not None:
            assert decide(machine, mounts, numbers[column]) == ALLOW, name  # type: ignore[arg-type]


@pytest.mark.parametrize("column", [0, 1], ids=MACHINES)
def test_arguments_are_looked_at(column: int) -> None:
    machine = MACHINES[column]

    def verdict(pair: tuple[int, int], *arguments: int, mounts: bool = True) -> int:
        return decide(machine, mounts, pair[column], *arguments)

    clone = (56, 220)
    assert verdict(clone, seccomp_workspace.THREAD_FLAGS) == ALLOW
    fork = 0x01000000 | 0x00200000 | 17
    for flags in (fork, 17, 0x10000, 0x10900, 0x4111, seccomp_workspace.THREAD_FLAGS | 1 << 33, 0x10000000):
        assert verdict(clone, flags) == EPERM, hex(flags)
    for flag in range(64):  # one more than a thread has: a namespace, a vfork, a tracer ...
        if not seccomp_workspace.THREAD_FLAGS >> flag & 1:
            assert verdict(clone, seccomp_workspace.THREAD_FLAGS | 1 << flag) == EPERM, flag
    for protection in (1, 3, 4, 5, 7):
        assert verdict((9, 222), 0, 4096, protection) == ALLOW
    fcntl, ioctl, umask = (72, 25), (16, 29), (95, 166)
    for command in (*range(2_000), 1 << 31):
        expected = ALLOW if command in seccomp_workspace.FCNTLS.values() else EPERM
        assert verdict(fcntl, 0, command) == expected, command
    for request in (0x5421, 0x5450, 0x5451):
        assert verdict(ioctl, 0, request) == ALLOW
    for request in (0x5412, 0x5401, 0x5452, 0x8901, 0x8902, 0x40086602):
        assert verdict(ioctl, 0, request) == ERRNO | errno.ENOTTY
    assert verdict(umask, 0o077) == ALLOW
    assert verdict(umask, 0o777) == EPERM
    socketpair = (53, 199)
    for kind in (1, 1 | 0o4000, 1 | 0o2000000, 1 | 0o2004000):
        assert verdict(socketpair, 1, kind) == ALLOW
    for family, kind in ((1, 2), (1, 5), (2, 1), (16, 3), (40, 1), (1, 1 | 1 << 5)):
        assert verdict(socketpair, family, kind) == EPERM
    openat, mkdirat, fchmod, fchmodat, utimensat = (257, 56), (258, 34), (91, 52), (268, 53), (280, 88)
    for mode in (0, 0o644, 0o777, 0o1777):
        assert verdict(openat, 0, 0, 0o101, mode) == verdict(mkdirat, 0, 0, mode) == ALLOW
        assert verdict(fchmod, 3, mode) == verdict(fchmodat, 0, 0, mode) == ALLOW
        assert verdict(fchmod, 3, mode, mounts=False) == verdict(fchmodat, 0, 0, mode, mounts=False) == EPERM
    for mode in (0o4755, 0o2755, 0o6000, 0o4000):
        assert verdict(openat, 0, 0, 0o101, mode) == verdict(mkdirat, 0, 0, mode) == EPERM
        assert verdict(fchmod, 3, mode) == verdict(fchmodat, 0, 0, mode) == EPERM
    assert verdict(utimensat) == ALLOW
    assert verdict(utimensat, mounts=False) == EPERM
    prctl, prlimit = (157, 167), (302, 261)
    assert verdict(prctl, 15, 0xDEAD) == verdict(prctl, 1, 9) == ALLOW
    for option, value in ((1, 0), (4, 1), (8, 1), (22, 0), (24, 21), (38, 0), (47, 2)):
        assert verdict(prctl, option, value) == EPERM
    assert verdict(prlimit, 0, 7, 0, 0xDEAD) == ALLOW
    for pointer in (0x1000, 1 << 40):
        assert verdict(prlimit, 0, 7, pointer) == EPERM
    assert verdict(prlimit, 1, 7, 0, 0xDEAD) == EPERM


def test_another_architectures_calls_end_the_process() -> None:
    for machine in MACHINES:
        for architecture in (0x40000003, 0x40000028, *[a for m, a in seccomp.ARCHITECTURES.items() if m != machine]):
            assert decide(machine, True, 0, architecture=architecture) == KILL
    assert decide("x86_64", True, 0x40000000) == KILL


def test_a_missing_layer_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from codeact.sandbox import Layer, levels
    from codeact.sandbox.kernel import wall

    gone = Layer("mounts", False, "workspace only: no", "allow it", True)
    monkeypatch.setattr(levels, "_mounts", lambda: gone)
    levels.level.cache_clear()
    try:
        with pytest.raises(SandboxError, match=r"layer 'mounts' is missing.*without=\('mounts',\)"):
            Sandbox(workspace=tmp_path, imports=())
        assert levels.level().complete == (levels.level().missing == (gone,))
        with Sandbox() as strict:  # which does not need it
            assert strict.run("1").value == 1
        monkeypatch.setattr(wall, "landlock_abi", lambda: 2)
        with pytest.raises(SandboxError, match="needs Landlock of version 3, and this kernel has 2"):
            Sandbox(workspace=tmp_path, imports=(), without=("mounts",))
    finally:
        monkeypatch.undo()
        levels.level.cache_clear()


MISSING = {layer.name for layer in level().missing}


@pytest.mark.parametrize(
    "without",
    [
        ("mounts",),
        ("uid",),
        ("rlimits",),
        ("landlock",),
        ("seccomp",),
        ("mounts", "uid", "rlimits", "landlock", "seccomp"),
    ],
    ids=" ".join,
)
def test_each_opt_down_still_runs(without: tuple[str, ...], tmp_path: Path) -> None:
    if MISSING - set(without):
        pytest.skip(f"this machine cannot put up {', '.join(MISSING)}")
    with Sandbox(workspace=tmp_path, imports=(), without=without) as sandbox:
        run = sandbox.run(
            "open('a', 'w').write('x')\nimport tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'1')\n1"
        )
        assert run.ok, run.observation()
        assert [artifact.path for artifact in run.artifacts] == ["a"]
        assert os.stat(tmp_path / "a").st_uid == os.stat(tmp_path).st_uid


@pytest.mark.skipif(bool(MISSING), reason="this machine cannot put up the whole wall")
def test_without_mounts_modes_and_times_stay_as_they_are(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    outside = tmp_path / "outside"
    outside.write_text("secret")
    before = os.stat(outside)
    with Sandbox(workspace=workspace, imports=(), without=("mounts",)) as sandbox:
        for code in (
            f"import os\nos.chmod({str(outside)!r}, 0o777)",
            f"import os\nos.utime({str(outside)!r}, (1, 1))",
            f"open({str(outside)!r}).read()",
            f"open({str(outside)!r}, 'a')",
            f"import os\nos.remove({str(outside)!r})",
            f"import os\nos.rename({str(outside)!r}, 'x')",
            f"import os\nos.truncate({str(outside)!r}, 0)",
            "import os\nos.listdir('/')",
            "open('/proc/self/environ').read()",
            "open('/etc/passwd').read()",
        ):
            error = sandbox.run(code).error
            assert error is not None, code
            assert error.type in ("PermissionError", "OSError"), (code, error.type)
    after = os.stat(outside)
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
