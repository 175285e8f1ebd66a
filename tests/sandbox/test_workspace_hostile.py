"""Hostile programs in a workspace: they have all of Python and native code, and reach nothing but their folder."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Artifact, Execution, Limits, Sandbox, level
from codeact.sandbox.kernel import seccomp
from codeact.sandbox.workspaces import artifacts
from codeact.tools import Toolbox, tool

MISSING = [layer.name for layer in level().missing]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"this machine cannot put up {', '.join(MISSING)}")

LIMITS = Limits(wall_s=20.0, cpu_s=20.0, memory_mb=512, file_mb=64, workspace_mb=64)
SECRET = "CODEACT_TEST_SECRET_5c1d"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    made.mkdir()
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the workspace, which belongs to the same user."""
    made = tmp_path / "outside.txt"
    made.write_text(SECRET)
    made.chmod(0o644)
    return made


@pytest.fixture
def sandbox(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("CODEACT_TEST", SECRET)
    with Sandbox(workspace=folder, imports=(), limits=LIMITS) as made:
        yield made


CALL = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    return errno.errorcode[ctypes.get_errno()] if result < 0 else result
"""


def refused(execution: Execution, *kinds: str) -> None:
    assert execution.error is not None, execution.observation()
    assert execution.error.type in (kinds or ("PermissionError", "FileNotFoundError", "OSError")), execution.error.text
    assert SECRET not in execution.observation()


# ---- what is outside ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code",
    [
        "open({outside!r}).read()",
        "open({outside!r}, 'w')",
        "open({outside!r}, 'a')",
        "import os\nos.remove({outside!r})",
        "import os\nos.rename({outside!r}, 'x')",
        "import os\nos.rename('.', {outside!r} + 'x')",
        "import os\nopen('x', 'w')\nos.rename('x', {outside!r})",
        "import os\nos.truncate({outside!r}, 0)",
        "import os\nos.chmod({outside!r}, 0o777)",
        "import os\nos.utime({outside!r}, (1, 1))",
        "import os\nos.stat({outside!r})",
        "import os\nos.readlink({outside!r})",
        "import os\nos.link({outside!r}, 'x')",
        "import os\nos.listdir(os.path.dirname({outside!r}) + '/..')",
        "open('../outside.txt').read()",
        "import os\nos.chdir('..')\nopen('outside.txt').read()",
        "open('/etc/passwd').read()",
        "open('/etc/hostname').read()",
        "import os\nos.stat('/etc/passwd')",
        "open('/proc/self/environ').read()",
        "open('/proc/1/environ').read()",
        "open('/proc/self/mem', 'rb')",
        "open('/proc/self/fd/3', 'rb')",
        "import os\nos.listdir('/proc')",
        "import os\nos.listdir('/')",
        "import os\nos.listdir('/root')",
        "import os\nos.listdir('/home')",
        "import os\nos.listdir('/sys')",
        "open('/dev/mem', 'rb')",
        "open('/dev/tty')",
        "open('/new', 'w')",
        "open('/usr/lib/new', 'w')",
        "import os\nos.chmod('/dev/null', 0o600)",
        "import os\nos.utime('/usr/lib', (1, 1))",
        "import json\nopen(json.__file__, 'a')",
    ],
)
def test_nothing_outside_is_reached(sandbox: Sandbox, outside: Path, code: str) -> None:
    before = os.stat(outside)
    refused(sandbox.run(code.format(outside=str(outside))))
    after = os.stat(outside)
    assert outside.read_text() == SECRET
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns, after.st_nlink) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_ctime_ns,
        1,
    )


def test_the_hosts_environment_is_not_there(sandbox: Sandbox) -> None:
    code = CALL + "libc.getenv.restype = ctypes.c_char_p\nprint(os.environ)\nprint(libc.getenv(b'CODEACT_TEST'))"
    shown = sandbox.run(code)
    assert shown.ok
    assert SECRET not in shown.stdout
    for name in ("PATH", "PYTHONPATH", "LOGNAME", "SSH_AUTH_SOCK"):
        assert f"'{name}'" not in shown.stdout


def test_no_capability_is_left_and_files_are_the_owners(sandbox: Sandbox, folder: Path) -> None:
    assert sandbox.run("open('mine', 'w').write('x')").ok
    pid = sandbox._held[0].pid
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(fields[name], 16) == 0, name
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    owner = os.stat(folder)
    made = os.stat(folder / "mine")
    assert (made.st_uid, made.st_gid) == (owner.st_uid, owner.st_gid)
    if os.geteuid() == 0:
        assert 0 not in [int(uid) for uid in fields["Uid"].split()[:3]]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
def test_files_belong_to_the_owner_of_the_folder(folder: Path, outside: Path) -> None:
    outside.chmod(0o600)  # root's own, which this owner may not read
    os.chown(folder, 12_345, 12_346)
    with Sandbox(workspace=folder, readable=[outside], imports=(), limits=LIMITS) as sandbox:
        made = sandbox.run("import os\nos.mkdir('d')\nopen('d/mine', 'w').write('x')\nos.chmod('d/mine', 0o600)")
        assert made.ok, made.observation()
        found = os.stat(folder / "d" / "mine")
        assert (found.st_uid, found.st_gid) == (12_345, 12_346)
        refused(sandbox.run(f"open({str(outside)!r}).read()"), "PermissionError")
        refused(sandbox.run(CALL + "os.setuid(0)"), "PermissionError")


# ---- native code ----------------------------------------------------------------------------------------------------

NUMBERS = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "pidfd_open": (434, 434),
    "socket": (41, 198),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "setuid": (105, 146),
    "setresuid": (117, 147),
    "setfsuid": (122, 151),
    "capset": (126, 91),
    "linkat": (265, 37),
    "symlinkat": (266, 36),
    "mknodat": (259, 33),
    "execve": (59, 221),
    "execveat": (322, 281),
    "inotify_init1": (294, 26),
    "shmget": (29, 194),
    "setrlimit": (160, 164),
    "sched_setaffinity": (203, 122),
}


def test_native_code_makes_no_other_calls(sandbox: Sandbox) -> None:
    column = list(seccomp.ARCHITECTURES).index(os.uname().machine)
    numbers = {name: pair[column] for name, pair in NUMBERS.items()}
    answers = sandbox.run(CALL + f"{{name: call(number, 0, 0, 0, 0, 0) for name, number in {numbers!r}.items()}}")
    assert answers.ok, answers.observation()
    assert answers.value == dict.fromkeys(NUMBERS, "EPERM")


@pytest.mark.parametrize(
    "code",
    [
        "os.fork()",
        "os.forkpty()",
        "os.system('true') and 1/0",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "import subprocess\nsubprocess.run(['true'])",
        "import multiprocessing\nmultiprocessing.get_context('fork').Process(target=print).start()",
        "import socket\nsocket.socket()",
        "import socket\nsocket.create_connection(('127.0.0.1', 80))",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "import socket\nsocket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
        "import signal\nos.kill(os.getppid(), signal.SIGKILL)",
        "import signal\nos.killpg(0, signal.SIGKILL)",
        "os.mkfifo('x')",
        "os.mknod('x', 0o60600 | 0o400, 0)",
        "os.symlink('/etc/passwd', 'x')",
        "open('x', 'w')\nos.link('x', 'y')",
        "open('x', 'w')\nos.chmod('x', 0o4755)",
        "os.close(os.open('x', os.O_CREAT | os.O_WRONLY, 0o4755))",
        "os.mkdir('x', 0o2755)",
        "open('x', 'w')\nos.chown('x', 0, 0)",
        "open('x', 'w')\nos.setxattr('x', 'user.a', b'1')",
        "os.setuid(0)",
        "os.nice(-5)",
        "os.sched_setaffinity(0, {0})",
        "os.chroot('.')",
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))",
        "import fcntl\nfcntl.fcntl(3, fcntl.F_SETOWN, 1)",
        "import fcntl\nfcntl.fcntl(open('x', 'w'), fcntl.F_SETLEASE, fcntl.F_WRLCK)",
        "os.memfd_create('x')",
    ],
)
def test_no_process_socket_signal_link_or_device(sandbox: Sandbox, folder: Path, code: str) -> None:
    refused(
        sandbox.run(CALL + code), "PermissionError", "OSError", "FileNotFoundError", "ZeroDivisionError", "ValueError"
    )
    assert all(stat.S_ISREG(os.lstat(folder / name).st_mode) for name in os.listdir(folder))
    assert not [name for name in os.listdir(folder) if os.stat(folder / name).st_mode & 0o6000]


def test_no_abstract_or_named_socket_of_the_host_is_reached(sandbox: Sandbox) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0codeact-test-listener")
        listener.settimeout(0.2)
        code = "import socket\nours, theirs = socket.socketpair()\nours.sendto(b'x', '\\0codeact-test-listener')"
        refused(sandbox.run(code))
        with pytest.raises(TimeoutError):
            listener.recv(10)


def test_a_program_written_there_does_not_start_as_code(sandbox: Sandbox) -> None:
    """A library in the workspace cannot be loaded: its mount has no programs."""
    code = CALL + (
        "import shutil, math\nimport _ctypes\nshutil.copyfile(_ctypes.__file__, 'x.so')\nctypes.CDLL('./x.so')"
    )
    refused(sandbox.run(code), "OSError", "AttributeError")


# ---- too much of it -------------------------------------------------------------------------------------------------


def test_a_bomb_of_threads_is_bounded(sandbox: Sandbox) -> None:
    code = (
        "import threading, time\nstarted = 0\n"
        "try:\n    while True:\n        threading.Thread(target=time.sleep, args=(1,), daemon=True).start()\n"
        "        started += 1\nexcept RuntimeError:\n    pass\nstarted"
    )
    bomb = sandbox.run(code)
    assert bomb.ok, bomb.observation()
    assert 8 <= bomb.value <= 64


def test_threads_do_not_outlast_the_processor_time(folder: Path) -> None:
    with Sandbox(workspace=folder, imports=(), limits=Limits(wall_s=30.0, cpu_s=1.0)) as sandbox:
        started = time.monotonic()
        burning = sandbox.run(
            "import threading, hashlib\n"
            "def burn():\n    while True: hashlib.sha256(b'x' * 1_000_000)\n"
            "for _ in range(4): threading.Thread(target=burn, daemon=True).start()\n"
            "import time\ntime.sleep(60)"
        )
        assert burning.error is not None
        assert burning.error.type == "TimeLimit"
        assert "processor time" in burning.error.message
        assert time.monotonic() - started < 25


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("with open('x', 'wb') as f:\n    f.seek(10 << 30)\n    f.write(b'x')", ("OSError",)),
        ("import os\nos.truncate(open('x', 'w').name, 10 << 30)", ("OSError",)),
        ("import os\nos.posix_fallocate(open('x', 'w').fileno(), 0, 10 << 30)", ("OSError",)),
        ("import itertools\nfor n in itertools.count(): open(f'f{n}', 'wb').write(b'x' * (1 << 22))", ("DiskLimit",)),
        ("import tempfile\nf = [tempfile.TemporaryFile() for _ in range(5)]\nfor x in f: x.write(b'x' * (1 << 26))",
         ("OSError",)),
        ("f = [open(f'f{n}', 'w') for n in range(1000)]", ("OSError",)),
    ],
    ids=["sparse", "truncated", "allocated", "filled", "scratch", "descriptors"],
)  # fmt: skip
def test_disk_and_descriptors_are_bounded(sandbox: Sandbox, folder: Path, code: str, kinds: tuple[str, ...]) -> None:
    (folder / "kept.txt").write_text("kept")
    execution = sandbox.run(code)
    refused(execution, *kinds)
    used = sum(os.lstat(Path(root, name)).st_blocks * 512 for root, _, names in os.walk(folder) for name in names)
    assert used < 2 << 30
    assert (folder / "kept.txt").read_text() == "kept"
    after = sandbox.run("import os\nos.getpid() > 0")
    assert after.value is True or (after.error is not None and after.error.type == "DiskLimit")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user cannot look into a worker")
@pytest.mark.parametrize("way", ["open", "mapped"])
def test_removed_files_that_are_held_count(sandbox: Sandbox, folder: Path, way: str) -> None:
    hold = {"open": "held.append(f)", "mapped": "held.append(mmap.mmap(f.fileno(), 4096))"}[way]
    full = sandbox.run(
        "import mmap, os, time\nheld = []\nfor n in range(8):\n"
        "    f = open('x', 'w+b')\n    f.write(b'x' * (1 << 24))\n    f.flush()\n    os.remove('x')\n"
        f"    {hold}\n    if n < 7: del f\ntime.sleep(15)"
    )
    assert full.error is not None
    assert full.error.type == "DiskLimit"
    assert full.error.message.startswith("the program was ended: it filled its workspace")
    assert set(os.listdir(folder)) <= {"x"}  # what can be seen is far below the limit


def test_folders_are_not_nested_too_deep(sandbox: Sandbox, folder: Path) -> None:
    deep = sandbox.run("import os\nfor n in range(200):\n    os.mkdir('d')\n    os.chdir('d')")
    assert deep.error is not None
    assert deep.error.type == "DiskLimit"
    assert "nested more than 64 deep" in deep.error.message
    assert sandbox.run(f"os.chdir({str(folder)!r})\nos.rename('d', 'e')").error is not None  # still too deep
    subprocess.run(["rm", "-r", str(folder / "e")], check=True)
    assert sandbox.run("1").ok


def test_many_small_files_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_ENTRIES", 2_000)
    with Sandbox(workspace=folder, imports=(), limits=LIMITS) as sandbox:
        many = sandbox.run("import itertools\nfor n in itertools.count(): open(f'f{n}', 'w').close()")
        assert many.error is not None
        assert many.error.type == "DiskLimit"
        assert "more than 2,000 files" in many.error.message
        cleared = sandbox.run("import os\nfor name in os.listdir('.'): os.remove(name)")
        assert cleared.ok, cleared.observation()
        assert sandbox.run("1").ok


def test_no_more_artifacts_than_can_be_read(sandbox: Sandbox) -> None:
    many = sandbox.run("for n in range(1500): open(f'f{n}', 'w').close()")
    assert many.ok
    assert len(many.artifacts) == artifacts.MOST_ARTIFACTS
    assert many.left_out == ("500 more files",)
    assert len(many.observation()) < 2_000


# ---- what the host makes of it --------------------------------------------------------------------------------------


def test_names_are_never_trusted(sandbox: Sandbox) -> None:
    code = r"""
import os
for name in ('a\nb', 'c\x1b[2Jd', 'e\u202ef', b'\xff\xfe', 'fine.txt', 'ünïcode.txt', ' ', '-rf', 'x' * 255):
    open(name, 'w').write('1')
os.mkdir('bad\x07dir')
open('bad\x07dir/in.txt', 'w').close()
"""
    made = sandbox.run(code)
    assert made.ok, made.observation()
    found = [artifact.path for artifact in made.artifacts]
    assert {"fine.txt", "ünïcode.txt", "-rf", "x" * 255} <= set(found)
    assert all(path.isprintable() for path in found)
    assert made.left_out == ("5 files with unprintable names",)
    shown = made.observation()
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_links_that_were_there_are_not_followed(folder: Path, outside: Path) -> None:
    (folder / "link").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent)
    os.mkfifo(folder / "pipe")
    with Sandbox(workspace=folder, imports=(), limits=LIMITS) as sandbox:
        for code in ("open('link').read()", "open('link', 'w')", "open('folder/outside.txt').read()"):
            refused(sandbox.run(code))
        for code in ("import os\nos.rename('link', 'report.txt')", "import os\nos.rename('pipe', 'pipe.txt')"):
            refused(sandbox.run(code))
        (folder / "link").rename(folder / "report.txt")  # as an accomplice outside could
        assert sandbox.run("1").artifacts == ()
    assert outside.read_text() == SECRET


def _swapped(folder: Path, outside: Path, kind: str) -> None:
    os.remove(folder / "x")
    if kind == "link":
        os.symlink(outside, folder / "x")
    elif kind == "folder":
        os.mkdir(folder / "x")
    elif kind == "pipe":
        os.mkfifo(folder / "x")


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "gone"])
def test_an_artifact_that_was_swapped_is_not_read(sandbox: Sandbox, folder: Path, outside: Path, kind: str) -> None:
    made = sandbox.run("open('x', 'w').write('1')")
    _swapped(folder, outside, kind)  # as an accomplice outside could
    done: list[str] = []

    def read() -> None:
        with pytest.raises(SandboxError) as said:
            made.artifacts[0].read_bytes()
        done.append(str(said.value))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(5.0)
    assert done, "reading waited for a pipe"
    assert SECRET not in done[0]


def test_a_parent_that_was_swapped_for_a_link_is_not_followed(sandbox: Sandbox, folder: Path, tmp_path: Path) -> None:
    made = sandbox.run("import os\nos.mkdir('d')\nopen('d/outside.txt', 'w').write('1')")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "outside.txt").write_text(SECRET)
    os.rename(folder / "d", folder / "e")
    os.symlink(elsewhere, folder / "d")
    with pytest.raises(SandboxError, match="cannot be read"):
        made.artifacts[0].read_bytes()


def test_a_file_becomes_a_folder_between_runs(sandbox: Sandbox) -> None:
    assert sandbox.run("open('x', 'w').write('1')").ok
    turned = sandbox.run("import os\nos.remove('x')\nos.mkdir('x')\nopen('x/y', 'w').write('2')")
    assert [(artifact.path, artifact.change) for artifact in turned.artifacts] == [("x/y", "created")]
    assert turned.removed == ("x",)


def test_a_closed_folder_is_looked_into_all_the_same(sandbox: Sandbox) -> None:
    hidden = sandbox.run("import os\nos.mkdir('d')\nopen('d/x', 'w').write('1')\nos.chmod('d', 0)")
    assert [artifact.path for artifact in hidden.artifacts] == ["d/x"]


def test_a_name_that_looks_like_an_address_tells_no_kind(sandbox: Sandbox) -> None:
    made = sandbox.run("open('data:image<script>,.png', 'w').write('1')\nopen('http:x.csv', 'w').write('1')")
    assert {artifact.path: artifact.media_type for artifact in made.artifacts} == {
        "data:image<script>,.png": "image/png",
        "http:x.csv": "text/csv",
    }


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_picture_that_is_none_is_an_error(sandbox: Sandbox, data: bytes) -> None:
    made = sandbox.run(f"open('x.png', 'wb').write({data!r})")
    assert made.artifacts[0].media_type == "image/png"
    with pytest.raises(SandboxError, match="no PNG"):
        made.artifacts[0].image()


def test_a_picture_that_is_a_bomb_is_an_error(sandbox: Sandbox) -> None:
    code = """
import struct, zlib
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
header = struct.pack('>IIBBBBB', 60_000, 60_000, 8, 0, 0, 0, 0)
squeezed = zlib.compress(b'\\0' * 1000)
parts = chunk(b'IHDR', header), chunk(b'IDAT', squeezed), chunk(b'IEND', b'')
open('x.png', 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + b''.join(parts))
"""
    made = sandbox.run(code)
    assert made.ok, made.observation()
    with pytest.raises(SandboxError, match=r"too many|no PNG"):
        made.artifacts[0].image()


def test_a_large_file_is_not_read_at_once(sandbox: Sandbox) -> None:
    made: Artifact = sandbox.run("open('x', 'wb').write(b'x' * 1000)").artifacts[0]
    with pytest.raises(SandboxError, match="1,000 bytes, and at most 999"):
        made.read_bytes(999)


def test_no_worker_outlives_the_host(folder: Path) -> None:
    code = (
        "import sys, time\nfrom codeact.sandbox import Sandbox\n"
        f"sandbox = Sandbox(workspace={str(folder)!r}, imports=())\n"
        "sandbox.run('import threading, time\\nthreading.Thread(target=time.sleep, args=(99,)).start()')\n"
        "print(sandbox._held[0].pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        worker = int(host.stdout.readline())
        deadline = time.monotonic() + 20
        while "T (stopped)" not in Path(f"/proc/{worker}/status").read_text():
            assert time.monotonic() < deadline, "its threads go on between runs"
            time.sleep(0.01)
        host.kill()
    deadline = time.monotonic() + 20
    while os.path.exists(f"/proc/{worker}") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{worker}")


ORDINARY = """
import os, sys
os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)
os.execv(sys.argv[1], sys.argv[1:])
"""
CHECKS = r"""
import os, sys
from codeact.sandbox import Sandbox, level
missing = [layer.name for layer in level().missing]
if missing:
    sys.exit(f"skipped: {missing}")
BOMB = (
    "import threading, time\nn = 0\ntry:\n    while True:\n"
    "        threading.Thread(target=time.sleep, args=(1,)).start()\n        n += 1\nexcept RuntimeError: pass\nn"
)
with Sandbox(workspace=sys.argv[1], imports=()) as sandbox:
    made = sandbox.run("import os\nopen('a', 'w').write('x')\nos.chmod('a', 0o600)\n(os.getuid(), os.listdir('.'))")
    assert made.value == (65534, ["a"]), made.observation()
    for code in ("open('/etc/passwd')", "os.stat('/etc/passwd')", "os.setuid(0)", "os.fork()"):
        refused = sandbox.run(code)
        assert refused.error.type in ("FileNotFoundError", "PermissionError"), refused.observation()
    hidden = sandbox.run("os.mkdir('d')\nopen('d/x', 'w').close()\nos.chmod('d', 0)")
    assert [artifact.path for artifact in hidden.artifacts] == ["d/x"], hidden.observation()
    status = open(f"/proc/{sandbox._held[0].pid}/status").read()
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert f"{name}:\t0000000000000000" in status, status
    assert 8 <= sandbox.run(BOMB).value <= 64
print("all of it")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_user_has_the_same_wall() -> None:
    """In a user namespace of the worker's own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, 65534, 65534)
        _check_as_an_ordinary_user(folder)


def _check_as_an_ordinary_user(folder: str) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    pythons = (os.path.realpath(sys.executable), f"/usr/bin/{version}", f"/usr/local/bin/{version}")
    reasons = []
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "HOME": "/nonexistent"}
    for python in pythons:
        command = [sys.executable, "-c", ORDINARY, python, "-c", CHECKS, folder]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, cwd="/")
        if done.stdout.strip() == "all of it":
            return
        if "AssertionError" in done.stderr:
            pytest.fail(done.stderr)
        reasons.append(f"{python}: {done.stderr.strip()[-200:]}")
    pytest.skip(f"no Python that an ordinary user can start and use: {'; '.join(reasons)}")


def test_a_workspace_that_was_swapped_is_not_entered(folder: Path, tmp_path: Path) -> None:
    """Between opening the session and its next worker somebody puts another folder in its place."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text(SECRET)
    with Sandbox(workspace=folder, imports=(), limits=LIMITS) as sandbox:
        assert sandbox.run("1").ok
        os.rename(folder, tmp_path / "moved")
        os.rename(secret, folder)
        for wait in (0.0, 0.5):  # its worker has ended, and its reason must still be read
            sandbox.reset()
            time.sleep(wait)
            swapped = sandbox.run("open('key').read()")
            assert not swapped.ok
            assert SECRET not in swapped.observation()
            assert "not the directory any more" in swapped.observation()


def test_tools_still_work_and_forged_frames_end_the_session(folder: Path) -> None:
    calls: list[int] = []

    @tool
    def note(number: int) -> int:
        """Write it down."""
        calls.append(number)
        return number + 1

    with Sandbox(Toolbox([note]), workspace=folder, imports=(), limits=LIMITS) as sandbox:
        assert sandbox.run("note(4)").value == 5
        forged = sandbox.run("import os\nos.write(3, b'\\xff' * 100)")
        assert forged.error is not None
        assert forged.error.type in ("ProtocolError", "WorkerLost")
        assert forged.restarted
        assert sandbox.run("note(5)").value == 6
    assert calls == [4, 5]
