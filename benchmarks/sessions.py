"""Many sessions: so many live at once, so many one after the other, and so many hosts killed, and what each leaves.

    python benchmarks/sessions.py [--live 200] [--sequence 10000] [--kills 20]

Prints memory, descriptors, threads and processes. Exits with an error when the sequence leaves a descriptor, a thread
or a process behind, or more than 8 MiB of memory in the host or the zygote, or when a process outlives its killed host
by more than a second.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from codeact.sandbox import Sandbox, spawner

WARM_UP = 1_000
MOST_MIB = 8.0
MOST_OUTLIVED_S = 1.0
SETTLES_S = 30.0
HOST = """
import threading, time
from codeact.sandbox import Limits, Sandbox
print("ready", flush=True)
sandbox = Sandbox(limits=Limits(wall_s=60, cpu_s=60))
{then}
time.sleep(60)
"""
HOSTS = {
    # doing: what the host does then, and in seconds the first and the last moment at which it is killed
    "while its zygote imports": ("", 0.0, 0.5),
    "beside an idle session": ("sandbox.run('1'); print('ready', flush=True)", 0.0, 0.2),
    "while a program runs": (
        "sandbox.run('1'); print('ready', flush=True); sandbox.run('while True: pass')",
        0.0,
        0.2,
    ),
}


def resident_mib(pid: int | str) -> float:
    """Memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def private_mib(pid: int) -> float:
    """Memory of a process that it shares with no other, in MiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) / 1024


def descriptors(pid: int | str) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def live(count: int) -> None:
    """So many sessions at once, each with variables of its own."""
    started = time.perf_counter()
    sandboxes = [Sandbox() for _ in range(count)]
    for number, sandbox in enumerate(sandboxes):
        sandbox.run(f"import numpy as np\nkept = np.arange({number})")
    seconds = time.perf_counter() - started
    zygote = spawner.spawner()._process.pid
    workers = children(zygote)
    private = sum(private_mib(pid) for pid in workers)
    right = sum(sandbox.run("len(kept)").value == number for number, sandbox in enumerate(sandboxes))
    print(f"{count} sessions live after {seconds:.2f} s; {right} of them gave the right answer")
    print(f"  private memory of {len(workers)} workers: {private:.0f} MiB, {private / len(workers):.2f} MiB each")
    print(f"  host {resident_mib('self'):.0f} MiB, zygote {resident_mib(zygote):.0f} MiB")
    for sandbox in sandboxes:
        sandbox.close()
    if right != count:
        sys.exit("some sessions gave wrong answers")


def state(most: int | None = None) -> dict[str, float]:
    """What the host and the zygote hold, when all that has ended is collected.

    Workers end in their own time: it is waited until there are at most `most`, or, where that is not given, until
    their number has been the same for a second; for half a minute at the longest.
    """
    zygote = spawner.spawner()._process.pid
    deadline = time.perf_counter() + SETTLES_S
    processes, same = len(children(zygote)), 0
    while (same < 20 if most is None else processes > most) and time.perf_counter() < deadline:
        time.sleep(0.05)
        before, processes = processes, len(children(zygote))
        same = same + 1 if processes == before else 0
    return {
        "host MiB": resident_mib("self"),
        "host descriptors": descriptors("self"),
        "host threads": threading.active_count(),
        "zygote MiB": resident_mib(zygote),
        "zygote descriptors": descriptors(zygote),
        "workers": processes,
    }


def sequence(count: int) -> None:
    """So many sessions one after the other."""

    def one(number: int) -> None:
        with Sandbox() as sandbox:
            value = sandbox.run(f"x = {number}\nx + 1").value
            assert value == number + 1, f"session {number} gave {value!r}"

    for number in range(min(WARM_UP, count)):
        one(number)
    before = state()
    started = time.perf_counter()
    for number in range(count):
        one(number)
    seconds = time.perf_counter() - started
    after = state(int(before["workers"]))
    print(f"{count} sessions one after the other: {seconds:.1f} s, {seconds / count * 1000:.2f} ms each")
    wrong = []
    for name, value in after.items():
        print(f"  {name:20} {before[name]:10.2f} before, {value:10.2f} after")
        if value - before[name] > (MOST_MIB if "MiB" in name else 0):
            wrong.append(name)
    if wrong:
        sys.exit(f"left behind: {', '.join(wrong)}")


def started_by(host: int) -> list[int]:
    """The processes that run and carry this host's number as an argument, as zygote and workers do."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if state not in "ZX" and str(host).encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def outlived(then: str, after_s: float) -> tuple[float, int]:
    """For how many seconds anything of a host runs on after the host is killed, and how many processes there were."""
    arguments = [sys.executable, "-c", HOST.format(then=then)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(1 + then.count("print")):
            assert process.stdout.readline() == "ready\n"
        time.sleep(after_s)
        process.kill()
        killed = time.perf_counter()
        most = len(started_by(process.pid))
        process.wait()
        while started_by(process.pid) and time.perf_counter() - killed < 30:
            time.sleep(0.002)
        return time.perf_counter() - killed, most


def kills(count: int) -> None:
    """So many hosts killed in each state. What was started last may have ended before it is first looked for."""
    worst = 0.0
    for doing, (then, first_s, last_s) in HOSTS.items():
        found = [outlived(then, first_s + (last_s - first_s) * number / count) for number in range(count)]
        seconds = [outlived_s for outlived_s, _ in found]
        worst = max(worst, *seconds)
        print(
            f"{count} hosts killed {doing}: zygote and workers outlived them by {max(seconds) * 1000:.0f} ms at worst"
        )
        print(
            f"  median {statistics.median(seconds) * 1000:.0f} ms, {max(most for _, most in found)} processes at most"
        )
    if worst > MOST_OUTLIVED_S:
        sys.exit(f"something outlived its host by {worst:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--live", type=int, default=200)
    parser.add_argument("--sequence", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20, help="in each state of the host")
    options = parser.parse_args()
    live(options.live)
    sequence(options.sequence)
    if options.kills:
        kills(options.kills)


if __name__ == "__main__":
    main()
