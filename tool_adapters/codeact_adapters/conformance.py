"""Does an adapter do what every adapter must do? Its tools are called by programs in the sandbox."""

from __future__ import annotations

import builtins
import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from codeact.errors import ToolError
from codeact.sandbox import Execution, Limits, Sandbox
from codeact.tools import Toolbox
from codeact_adapters.declarations import check_declarations, conforms

_PATIENCE_S = 3.0
"""How long what was given up, stopped or closed may take to be over."""
_GIVE_UP_S = 0.5
_LIMITS = Limits(tool_s=30.0)
_OBJECT = re.compile(r"<[\w.]+ object at 0x[0-9a-f]+>")


def check_adapter(
    make: Callable[[], Toolbox],
    *,
    examples: Iterable[str],
    failing: Mapping[str, str] | None = None,
    slow: str = "",
    secrets: Iterable[str] = (),
    reads: Collection[str] = (),
    types: bool = True,
    without: Iterable[str] = (),
) -> list[str]:
    """Hold an adapter against what every adapter must do: `assert check_adapter(...) == []` in its tests.

    The toolbox is made twice. Declarations are looked at, the programs run in a sandbox, and all is closed in the end.

    Args:
        make: makes the toolbox, such as `lambda: MyAdapter(path).toolbox("mine")`.
        examples: programs that must work. Together they should call every tool. What tools return is held against
            their annotations.
        failing: programs that must fail, and what their errors must say.
        slow: a program with a call that takes longer than half a second. It is given up, and it is interrupted; after
            that the first example must work as before.
        secrets: texts that nobody may see: in stubs, help, errors, outputs, traces and reprs.
        reads: full names of tools that only read, although their names say otherwise.
        types: have mypy look at the stubs, where it is installed; it takes some seconds.
        without: layers of the sandbox's wall to go without, where this machine has not all of them.

    Returns:
        What is wrong, one sentence each; empty when nothing is. No secret is in it.
    """
    check = _Check(make, list(examples), dict(failing or {}), slow, [text for text in secrets if text], list(without))
    return check.run(reads, types)


class _Check:
    def __init__(
        self,
        make: Callable[[], Toolbox],
        examples: list[str],
        failing: dict[str, str],
        slow: str,
        secrets: list[str],
        without: list[str],
    ) -> None:
        if not examples:
            raise ToolError("check_adapter() needs at least one example, a program that must work")
        self._make, self._examples, self._failing = make, examples, failing
        self._slow, self._secrets, self._without = slow, secrets, without
        self.found: list[str] = []
        self._called: set[str] = set()

    def run(self, reads: Collection[str], types: bool) -> list[str]:
        threads, processes = set(threading.enumerate()), _children()
        box = self._make()
        try:
            self._declared(box, reads, types)
            with self._sandbox(box) as sandbox:
                self._examples_work(sandbox, box)
                self._failures_say_why(sandbox, box)
            if self._slow and not self.found:
                self._given_up(box)
                self._interrupted(box)
        finally:
            self._close(box)
        self._nothing_left(threads, processes)
        return [self._hidden(problem) for problem in dict.fromkeys(self.found)]

    # ---- declarations -----------------------------------------------------------------------------------------------

    def _declared(self, box: Toolbox, reads: Collection[str], types: bool) -> None:
        self.found += check_declarations(box, reads, types=types)
        shown = {
            "the stubs": box.stubs(whole=True),
            "repr() of the toolbox": repr(box),
            "repr() of its tools": repr(list(box)),
        }
        shown |= {f"help({name})": tool.help for name, tool in box.tools.items()}
        for place, text in shown.items():
            self._no_secret(place, text)
        other = self._make()
        if other.stubs(whole=True) != box.stubs(whole=True):
            self.found.append("made a second time, it has other stubs: what is the same must read the same")
        with contextlib.suppress(ToolError):  # the first one's closing is looked at
            other.close()

    # ---- programs ---------------------------------------------------------------------------------------------------

    def _sandbox(self, box: Toolbox, limits: Limits = _LIMITS) -> Sandbox:
        return Sandbox(box, limits=limits, without=self._without)

    def _examples_work(self, sandbox: Sandbox, box: Toolbox) -> None:
        for program in self._examples:
            execution = sandbox.run(program)
            self._seen(program, execution)
            if execution.error is not None:
                self.found.append(f"the example {_short(program)} failed: {execution.error.text}")
            for call in execution.calls:
                self._called.add(call.tool)
                if call.error is None and call.tool in box:
                    promised = box[call.tool].signature.return_annotation
                    if problem := conforms(call.value, promised):
                        self.found.append(f"{call.tool}() did not return what it promises: {problem}")
        left = [name for name in box.tools if name not in self._called]
        if left:
            self.found.append(f"no example calls {', '.join(left)}")

    def _failures_say_why(self, sandbox: Sandbox, box: Toolbox) -> None:
        for program, due in self._failing.items():
            execution = sandbox.run(program)
            self._seen(program, execution)
            if execution.error is None:
                self.found.append(f"{_short(program)} must fail, and did not")
                continue
            message = execution.error.message
            if due not in message:
                self.found.append(f"the error of {_short(program)} must say {due!r}, and says {message!r}")
            if len(message.split()) < 3:
                self.found.append(f"the error of {_short(program)} says too little to mend it: {message!r}")
            if _OBJECT.search(message) or str(Path.home()) + "/" in message or "Traceback (most" in message:
                self.found.append(f"the error of {_short(program)} shows the inside of the host: {message!r}")
            for call in execution.calls:
                kind = (call.error or "").split(":")[0]
                if kind and kind not in box.errors and not _builtin(kind):
                    self.found.append(f"{call.tool}() raised {kind}, which programs do not know; pass errors=[{kind}]")

    def _seen(self, program: str, execution: Execution) -> None:
        from codeact.episode.schema import execution_data

        trace = json.dumps(execution_data(execution), ensure_ascii=False, default=repr)
        self._no_secret(f"the trace of {_short(program)}", trace + repr(execution))

    # ---- calls that take long ---------------------------------------------------------------------------------------

    def _given_up(self, box: Toolbox) -> None:
        with self._sandbox(box, Limits(tool_s=_GIVE_UP_S)) as sandbox:
            began = time.monotonic()
            execution = sandbox.run(self._slow)
            self._over("at a time limit", began, execution, ("TimeLimit", "TimeoutError"))
        self._works_after("a time limit", box)

    def _interrupted(self, box: Toolbox) -> None:
        with self._sandbox(box) as sandbox:
            clock = threading.Timer(_GIVE_UP_S, sandbox.interrupt)
            clock.start()
            began = time.monotonic()
            execution = sandbox.run(self._slow)
            clock.cancel()
            self._over("when it was interrupted", began, execution, ("Interrupted",))
        self._works_after("an interrupt", box)

    def _over(self, when: str, began: float, execution: Execution, kinds: tuple[str, ...]) -> None:
        took = time.monotonic() - began
        self._seen(self._slow, execution)
        if execution.error is None:
            self.found.append(
                f"{_short(self._slow)} ended by itself in {took:.1f} s; slow takes longer than half a second"
            )
        elif execution.error.type not in kinds:
            self.found.append(f"{_short(self._slow)} ended otherwise {when}: {execution.error.text}")
        if took > _GIVE_UP_S + _PATIENCE_S:
            self.found.append(f"{_short(self._slow)} went on for {took:.1f} s {when}")

    def _works_after(self, what: str, box: Toolbox) -> None:
        program = self._examples[0]
        with self._sandbox(box, Limits(tool_s=2 * _PATIENCE_S)) as sandbox:
            execution = sandbox.run(program)
        if execution.error is not None:
            self.found.append(f"after {what}, {_short(program)} does not work any more: {execution.error.text}")

    # ---- the end ----------------------------------------------------------------------------------------------------

    def _close(self, box: Toolbox) -> None:
        for turn in ("close()", "close() a second time"):
            began = time.monotonic()
            try:
                box.close()
            except Exception as error:
                self.found.append(f"{turn} raised {type(error).__name__}: {error}")
            if time.monotonic() - began > _PATIENCE_S:
                self.found.append(f"{turn} took {time.monotonic() - began:.1f} s")
        if box.closed:
            return
        with self._sandbox(box) as sandbox:
            execution = sandbox.run(self._examples[0])
        if execution.error is not None:  # it has closed what the toolbox knows nothing of
            self.found.append("calls fail after close(), and not by the toolbox's word; pass Toolbox(closing=...)")

    def _nothing_left(self, threads: set[threading.Thread], processes: set[int]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            running = [t.name for t in threading.enumerate() if t not in threads and not t.name.startswith("codeact")]
            children = _children() - processes
            if not running and not children:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        if running:
            self.found.append(f"threads are left after close(): {', '.join(sorted(running))}")
        if children:
            self.found.append(f"processes are left after close(): {', '.join(map(str, sorted(children)))}")

    # ---- secrets ----------------------------------------------------------------------------------------------------

    def _no_secret(self, place: str, text: str) -> None:
        for number, secret in enumerate(self._secrets, 1):
            if secret in text or json.dumps(secret, ensure_ascii=False)[1:-1] in text:
                self.found.append(f"secret {number} is to be read in {place}")

    def _hidden(self, text: str) -> str:
        for number, secret in enumerate(self._secrets, 1):
            text = text.replace(secret, f"[secret {number}]")
        return text


def _short(program: str) -> str:
    lines = program.strip().splitlines()
    return f"`{lines[0][:60]}{' ...' if len(lines) > 1 or len(lines[0]) > 60 else ''}`"


def _builtin(name: str) -> bool:
    known: Any = getattr(builtins, name, None)
    return isinstance(known, type) and issubclass(known, BaseException)


def _children() -> set[int]:
    """The processes that this one has started and that still run, but for those of sandboxes."""
    found: set[int] = set()
    for tasks in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found.update(map(int, tasks.read_text().split()))
    return {child for child in found if (line := _command_line(child)) and b"codeact.sandbox" not in line}


def _command_line(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""  # it has ended
