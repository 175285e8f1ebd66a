"""Hosts of all kinds: few descriptors or many, closed streams, no folder to write to, a container's rules, old kernels.

In each the sandbox works, or refuses with a `SandboxError` that says what is missing. Each is a process of its own.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from codeact.sandbox import level

ROOT = Path(__file__).parents[2]

HOST = """
import os, sys
sys.path[:0] = {path!r}
import ctypes, errno, resource, signal, struct, tempfile, threading
from codeact.errors import SandboxError
from codeact.sandbox import Sandbox
from codeact.sandbox.kernel import system, wall
result = {descriptor}

def refuse(*calls):
    "Let the kernel refuse system calls from here on, as a container does: numbers, each with an error."
    lines = [struct.pack("=HBBI", 0x20, 0, 0, 0)]  # the call's number
    for number, error in calls:
        lines.append(struct.pack("=HBBI", 0x15, 0, 1, number))
        lines.append(struct.pack("=HBBI", 0x06, 0, 0, 0x00050000 | error))
    lines.append(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
    code = b"".join(lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(buffer)))
    system.process_control(system.PR_SET_NO_NEW_PRIVS, 1)
    system.system_call({seccomp}, 1, 0, ctypes.addressof(header))

def attempt():
    try:
        with Sandbox(without={without!r}) as sandbox:
            execution = sandbox.run("import numpy as np\\nprint('heard')\\nint(np.arange(4).sum())")
            if execution.error is not None:
                text = f"an error in the program: {{execution.error.text}}"
            else:
                with sandbox.branch() as other:
                    text = f"{{execution.value}} {{execution.stdout.strip()}} {{other.run('2 + 2').value}}"
    except SandboxError as refused:
        text = f"SandboxError: {{refused}}"
    os.write(result, text.encode())

"""
WORKED = "6 heard 4"


def host(prelude: str, flags: tuple[str, ...] = (), without: tuple[str, ...] = (), act: str = "attempt()") -> str:
    """What came of a sandbox in a host that did `prelude` first."""
    reading, writing = os.pipe()
    packages = [folder for folder in sys.path if folder.endswith("site-packages")]
    begin = HOST.format(
        path=[str(ROOT / "sdk"), *packages],
        descriptor=writing,
        without=without,
        seccomp=wall_number(317, 277),
    )
    code = f"{begin}\n{textwrap.dedent(prelude)}\n{act}\n"
    try:
        done = subprocess.run(
            [sys.executable, *flags, "-c", code], pass_fds=[writing], capture_output=True, text=True, timeout=120
        )
        os.close(writing)
        told = os.read(reading, 20_000).decode()
    finally:
        os.close(reading)
    assert told, done.stderr
    return told


def wall_number(x86_64: int, aarch64: int) -> int:
    return {"x86_64": x86_64, "aarch64": aarch64}[platform.machine()]


WORKING = {
    "a usual one": "",
    "few descriptors": "resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))",
    "descriptors above 1024": """
        resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1500)]
        """,
    "descriptors that children would inherit": """
        held = [os.dup2(0, number, True) for number in range(60, 200) if number != result]
        """,
    "closed standard streams": "result = os.dup(result); os.dup2(result, 90); result = 90; os.closerange(0, 3)",
    "closed standard input": "os.close(0)",
    "an address space of 1 GiB": "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))",
    "a small stack": "resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, 1 << 20))",
    "no folder to write to": "tempfile.tempdir = None; os.environ.clear(); os.environ['TMPDIR'] = '/nowhere'",
    "a folder that is gone": "folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)",
    "children that nobody waits for": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "deadly pipes": "signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
    "all signals blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))",
    "a closed umask": "os.umask(0o777)",
    "no new privileges": "wall.no_new_privileges()",
    "many threads": """
        enough = threading.Event()
        for _ in range(100):
            threading.Thread(target=enough.wait, daemon=True).start()
        """,
}


@pytest.mark.parametrize("name", WORKING)
def test_works_in_a_host_with(name: str) -> None:
    prelude = WORKING[name]
    flags: tuple[str, ...] = ()
    if name == "no folder to write to":
        # Not even /tmp: a read-only system gives the same answer to whoever asks for a temporary file.
        prelude += "\ntempfile._candidate_tempdir_list = lambda: ['/nowhere']"
    elif name == "a folder that is gone":
        flags = ("-P",)  # Python 3.13.0 itself fails to import where that folder is on its path
    assert host(prelude, flags) == WORKED


@pytest.mark.parametrize("flags", [("-I",), ("-O",), ("-OO",), ("-X", "dev"), ("-S",), ("-B", "-E", "-s")])
def test_works_whatever_flags_python_has(flags: tuple[str, ...]) -> None:
    assert host("", flags) == WORKED


def test_works_from_a_thread_that_ends() -> None:
    act = "worker = threading.Thread(target=attempt); worker.start(); worker.join()"
    assert host("", act=act) == WORKED


def test_works_from_a_zip_file(tmp_path: Path) -> None:
    """The application is a zip file; the packages are installed."""
    import zipapp

    source = tmp_path / "source"
    source.mkdir()
    (source / "__main__.py").write_text("from codeact.sandbox import Sandbox\nprint(Sandbox().run('6 * 7').value)\n")
    zipapp.create_archive(source, tmp_path / "program.pyz")
    path = os.pathsep.join([str(ROOT / "sdk"), *[folder for folder in sys.path if folder.endswith("site-packages")]])
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.pyz")],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "42\n", done.stderr


# Each with what the refusal has to say.
REFUSING = {
    "hardly a descriptor": ("resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))", "Too many open files"),
    "no files of any size": ("resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))", "File too large"),
    "a Python that cannot be started": ("sys.executable = '/nowhere/python'", "No such file"),
    "no name for its Python": ("sys.executable = ''", "sys.executable is empty"),
}


@pytest.mark.parametrize("name", REFUSING)
def test_refuses_in_a_host_with(name: str) -> None:
    prelude, said = REFUSING[name]
    told = host(prelude)
    assert told.startswith("SandboxError: the sandbox")
    assert said in told


@pytest.mark.parametrize("limit", range(9, 24, 2))
def test_works_or_refuses_with_few_descriptors(limit: int) -> None:
    told = host(f"resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))")
    assert told == WORKED or told.startswith("SandboxError: ")


@pytest.mark.parametrize("megabytes", [100, 150, 200, 300])
def test_works_or_refuses_with_little_memory(megabytes: int) -> None:
    prelude = f"""
        import codeact.sandbox.connection, codeact.tools  # what the host itself needs
        resource.setrlimit(resource.RLIMIT_AS, ({megabytes} << 20, {megabytes} << 20))
        """
    told = host(prelude)
    assert told == WORKED or told.startswith(("SandboxError: ", "an error in the program: "))


def _calls(error: str, *pairs: tuple[int, int]) -> str:
    return "refuse(" + ", ".join(f"({wall_number(*pair)}, errno.{error})" for pair in pairs) + ")"


UNSHARE, MOUNT, PIVOT_ROOT, SETNS = (272, 97), (165, 40), (155, 41), (308, 268)
PTRACE, BPF, KEYCTL, OPEN_BY_HANDLE = (101, 117), (321, 280), (250, 219), (304, 265)
LANDLOCK, PIDFD_OPEN, SECCOMP, MEMFD = (444, 444), (434, 434), (317, 277), (319, 279)
CLOSE_RANGE, MEMBARRIER, RSEQ = (436, 436), (324, 283), (334, 293)

needs_the_wall = pytest.mark.skipif(not level().complete, reason="this machine cannot put up the whole wall")


@needs_the_wall
def test_works_under_a_containers_usual_rules() -> None:
    """What Docker's default profile refuses to a container without capabilities."""
    assert host(_calls("EPERM", UNSHARE, MOUNT, PIVOT_ROOT, SETNS, PTRACE, BPF, KEYCTL, OPEN_BY_HANDLE)) == WORKED


@needs_the_wall
def test_works_on_a_kernel_without_the_newest_calls() -> None:
    assert host(_calls("ENOSYS", CLOSE_RANGE, MEMBARRIER, RSEQ)) == WORKED


@needs_the_wall
@pytest.mark.parametrize(
    ("layer", "call", "error"),
    [
        ("landlock", LANDLOCK, "ENOSYS"),
        ("landlock", LANDLOCK, "EOPNOTSUPP"),  # built in, but not switched on at boot
        ("seccomp", SECCOMP, "EINVAL"),
        ("process", PIDFD_OPEN, "ENOSYS"),
    ],
)
def test_a_layer_that_the_kernel_lacks_is_named(layer: str, call: tuple[int, int], error: str) -> None:
    told = host(_calls(error, call))
    assert told.startswith(f"SandboxError: the sandbox's layer '{layer}' is missing: ")
    if layer == "process":
        assert "There is no way around it" in told
    else:
        assert f"without=('{layer}',)" in told
        assert host(_calls(error, call), without=(layer,)) == WORKED


@needs_the_wall
def test_a_kernel_that_gives_no_shared_memory_is_an_error() -> None:
    assert host(_calls("ENOSYS", MEMFD)).startswith("SandboxError: the sandbox")
