"""What `sandbox.py` compares: the sandbox itself, plain CPython, and other ways to run a model's Python.

Each is a class with the same few verbs, driven as its own documentation says. A verb that one does not have is told by
`Missing`, with the reason, and ends up in the table.
"""

from __future__ import annotations

import base64
import importlib.util
import operator
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

ARRAY_LENGTH = 112_500
"""Numbers in the array that crosses: 0.9 MB of float64."""


class Missing(Exception):
    """This peer has no such thing; the message says why."""


SAME_PROCESS = "runs in the host's own process"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Peer:
    """One way to run a program. `tools` are host functions by name."""

    name = ""
    package = ""
    isolated = False

    @classmethod
    def absent(cls) -> str:
        """Why it cannot be measured here; empty where it can."""
        module = cls.package.replace("-", "_")
        return "" if not module or importlib.util.find_spec(module) else "not installed"

    @classmethod
    def version(cls) -> str:
        return version(cls.package)

    def __init__(self, tools: dict[str, Callable[..., Any]] | None = None) -> None:
        self.tools = tools or {}
        self.start()

    def start(self) -> None:
        """Open a session."""

    def run(self, code: str) -> Any:
        """Run a program."""
        raise NotImplementedError

    def value(self, name: str) -> Any:
        """A variable of the session, in the host."""
        raise Missing(SAME_PROCESS)

    def pid(self) -> int:
        """The process that runs the programs."""
        raise Missing(SAME_PROCESS)

    def close(self) -> None:
        """End the session."""


class Ours(Peer):
    name = "codeact"
    isolated = True

    @classmethod
    def version(cls) -> str:
        return version("codeact")

    def start(self) -> None:
        from codeact.sandbox import Limits, Sandbox
        from codeact.tools import Toolbox

        limits = Limits(calls=1_000_000, wall_s=120.0, cpu_s=120.0)
        self.sandbox = Sandbox(Toolbox(list(self.tools.values())), limits=limits)

    def run(self, code: str) -> Any:
        execution = self.sandbox.run(code)
        if not execution.ok:
            raise RuntimeError(str(execution.error))
        return execution.value

    def value(self, name: str) -> Any:
        return self.run(name)

    def pid(self) -> int:
        return int(self.sandbox._held[0].pid)  # what no user needs is not public

    def branch(self) -> Ours:
        other = object.__new__(Ours)
        other.sandbox = self.sandbox.branch()
        return other

    def close(self) -> None:
        self.sandbox.close()


class Plain(Peer):
    """`compile` and `exec` in this very process: no sandbox at all, the floor of every loop."""

    name = "exec"

    @classmethod
    def version(cls) -> str:
        return sys.version.split()[0]

    def start(self) -> None:
        self.names: dict[str, Any] = dict(self.tools)

    def run(self, code: str) -> Any:
        exec(compile(code, "<program>", "exec"), self.names)


class Spawned(Peer):
    """A CPython that is started for the session, and speaks pickle over two pipes. A process, but no sandbox."""

    name = "spawned CPython"
    isolated = True
    WORKER = """
import pickle, struct, sys
read, write = sys.stdin.buffer, sys.stdout.buffer
def send(value):
    data = pickle.dumps(value, 5)
    write.write(struct.pack("!I", len(data)) + data)
    write.flush()
def receive():
    head = read.read(4)
    if len(head) < 4:
        sys.exit()
    return pickle.loads(read.read(struct.unpack("!I", head)[0]))
def tool(name):
    def call(*arguments):
        send(("call", name, arguments))
        return receive()
    return call
names = {name: tool(name) for name in receive()}
while True:
    kind, code = receive()
    if kind == "run":
        exec(compile(code, "<program>", "exec"), names)
    send(("done", "", eval(code, names) if kind == "value" else None))
"""

    @classmethod
    def version(cls) -> str:
        return sys.version.split()[0]

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", self.WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._send(list(self.tools))

    def _send(self, value: Any) -> None:
        data = pickle.dumps(value, 5)
        assert self.process.stdin is not None
        self.process.stdin.write(struct.pack("!I", len(data)) + data)
        self.process.stdin.flush()

    def _receive(self) -> Any:
        assert self.process.stdout is not None
        (size,) = struct.unpack("!I", self.process.stdout.read(4))
        return pickle.loads(self.process.stdout.read(size))

    def _ask(self, kind: str, code: str) -> Any:
        self._send((kind, code))
        while True:
            kind, name, value = self._receive()
            if kind == "done":
                return value
            self._send(self.tools[name](*value))

    def run(self, code: str) -> Any:
        return self._ask("run", code)

    def value(self, name: str) -> Any:
        return self._ask("value", name)

    def pid(self) -> int:
        return self.process.pid

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            if end is not None:
                end.close()


class Restricted(Peer):
    """RestrictedPython with the policy of its documentation: safe builtins, default guards, full write guard."""

    name = "RestrictedPython"
    package = "RestrictedPython"

    def start(self) -> None:
        from RestrictedPython import PrintCollector, safe_builtins
        from RestrictedPython.Eval import default_guarded_getitem, default_guarded_getiter
        from RestrictedPython.Guards import full_write_guard, guarded_iter_unpack_sequence, safer_getattr

        in_place = {"+=": operator.iadd}

        def made(name: str, bases: tuple[type, ...], members: dict[str, Any]) -> type:
            return type(name, bases, {**members, "_guarded_writes": True})

        self.names: dict[str, Any] = {
            "__builtins__": {**safe_builtins, "range": range},
            "__name__": "program",
            "__metaclass__": made,
            "_getattr_": safer_getattr,
            "_getitem_": default_guarded_getitem,
            "_getiter_": default_guarded_getiter,
            "_iter_unpack_sequence_": guarded_iter_unpack_sequence,
            "_write_": full_write_guard,
            "_print_": PrintCollector,
            "_inplacevar_": lambda operation, x, y: in_place[operation](x, y),
            **self.tools,
        }

    def run(self, code: str) -> Any:
        from RestrictedPython import compile_restricted

        try:
            compiled = compile_restricted(code, "<program>", "exec")
        except SyntaxError as refusal:
            raise Missing(f"refuses the program: {refusal.args[0][0]}") from None
        exec(compiled, self.names)


class Smolagents(Peer):
    """smolagents' LocalPythonExecutor: walks the syntax tree, in the host's process."""

    name = "smolagents"
    package = "smolagents"

    def start(self) -> None:
        from smolagents.local_python_executor import LocalPythonExecutor

        self.executor = LocalPythonExecutor(additional_authorized_imports=[], timeout_seconds=120)
        self.executor.send_tools(self.tools)

    def run(self, code: str) -> Any:
        return self.executor(code).output


class Monty(Peer):
    """pydantic-monty: an interpreter of its own in Rust, in a worker process. It has no numpy."""

    name = "Monty"
    package = "pydantic-monty"
    isolated = True

    def start(self) -> None:
        from pydantic_monty import Monty as Pool

        self.pool = Pool()
        self.pool.__enter__()
        self.open = self.pool.checkout(limits={"max_suspensions": 100_000_000})
        self.session = self.open.__enter__()

    def run(self, code: str) -> Any:
        return self.session.feed_run(code, external_lookup=self.tools)

    def value(self, name: str) -> Any:
        return self.run(name)

    def pid(self) -> int:
        found = self.session.worker_pid
        return int(found() if callable(found) else found)

    def close(self) -> None:
        self.open.__exit__(None, None, None)
        self.pool.__exit__(None, None, None)


class Ipykernel(Peer):
    """A Jupyter kernel behind jupyter_client. A host tool is asked for by `input()`, its one way to ask the host."""

    name = "ipykernel"
    package = "ipykernel"
    isolated = True
    PROLOGUE = """
import base64 as _base64, pickle as _pickle
def _ask(name, *arguments):
    sent = _base64.b64encode(_pickle.dumps(arguments, 5)).decode()
    return _pickle.loads(_base64.b64decode(input(name + " " + sent)))
"""

    def start(self) -> None:
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager()
        self.manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        if self.tools:
            self.run(self.PROLOGUE + "".join(f"def {name}(*a): return _ask({name!r}, *a)\n" for name in self.tools))

    def run(self, code: str) -> Any:
        """Until the kernel says that it is idle, as a client does; answers its questions meanwhile."""
        import zmq

        sent = self.client.execute(code, store_history=False, allow_stdin=bool(self.tools))
        poller = zmq.Poller()
        poller.register(self.client.iopub_channel.socket, zmq.POLLIN)
        poller.register(self.client.stdin_channel.socket, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(120_000))
            if not ready:
                raise RuntimeError("the kernel does not answer")
            if self.client.stdin_channel.socket in ready:
                name, _, data = self.client.get_stdin_msg(timeout=10)["content"]["prompt"].partition(" ")
                answer = self.tools[name](*pickle.loads(base64.b64decode(data)))
                self.client.input(base64.b64encode(pickle.dumps(answer, 5)).decode())
            if self.client.iopub_channel.socket in ready:
                message = self.client.get_iopub_msg(timeout=10)
                if message["parent_header"].get("msg_id") != sent:
                    continue
                if message["msg_type"] == "error":
                    raise RuntimeError("\n".join(message["content"]["traceback"]))
                if message["content"].get("execution_state") == "idle":
                    break
        while self.client.get_shell_msg(timeout=120)["parent_header"].get("msg_id") != sent:
            pass
        return None

    def value(self, name: str) -> Any:
        """As text in a user expression, which is how a kernel hands out a variable."""
        expression = f"__import__('base64').b64encode(__import__('pickle').dumps({name}, 5)).decode()"
        reply = self.client.execute_interactive(
            "", silent=True, user_expressions={"value": expression}, output_hook=lambda message: None, timeout=120
        )
        text = reply["content"]["user_expressions"]["value"]["data"]["text/plain"]
        return pickle.loads(base64.b64decode(text.strip("'")))

    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


PEERS: list[type[Peer]] = [Ours, Plain, Restricted, Smolagents, Monty, Ipykernel, Spawned]


def private_bytes(pid: int | None = None) -> int:
    """Memory that only this process has, and that its end would free."""
    private = 0
    with open(f"/proc/{pid or os.getpid()}/smaps_rollup", encoding="ascii") as rollup:
        for line in rollup:
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                private += int(line.split()[1]) * 1024
    return private


def zygotes() -> list[int]:
    """The processes that the sandbox keeps beside its workers, once for all sessions."""
    found = []
    with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children", encoding="ascii") as children:
        for pid in children.read().split():
            with open(f"/proc/{pid}/cmdline", "rb") as command:
                if b"codeact.sandbox.process.zygote" in command.read():
                    found.append(int(pid))
    return found
