"""Programs of a workspace session: Python without the language filter, with figures kept as files.

The wall is what holds such a program. What is refused here, such as the import of a library that was not asked for, is
refused so that the program hears why; it is no wall.
"""

from __future__ import annotations

import builtins
import contextlib
import dis
import linecache
import os
import platform
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from codeact.sandbox.kernel import seccomp, seccomp_workspace, workspace_wall
from codeact.sandbox.language import offered
from codeact.sandbox.language.errors_text import Told
from codeact.sandbox.language.hints import UNAVAILABLE
from codeact.sandbox.language.program import Interpreter, Outcome, Stopped
from codeact.sandbox.language.views import ModuleView
from codeact.sandbox.workspaces import libraries

_MOST_FIGURES = 20
_SHORT_NAMES = {
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "sns": "import seaborn as sns",
    "nn": "from torch import nn",
}
_IMPORT_NAME = dis.opmap["IMPORT_NAME"]
_NO_NETWORK = "; the network can be reached only through tools"


class WorkspaceInterpreter(Interpreter):
    """One namespace, as the module `__main__`."""

    def __init__(self) -> None:
        super().__init__(filtered=False)
        self._main = types.ModuleType("__main__")
        vars(self._main).update(self.variables)
        self.variables = vars(self._main)
        self._builtins.update(
            __import__=self._import_named, exit=offered.leave, quit=offered.leave, input=_refuse_input
        )
        self._imports: frozenset[str] = frozenset()
        self._names_offered: tuple[str, ...] = ()
        self._folder = "/"
        self._readable: tuple[str, ...] = ()
        self._hidden: list[str] = []
        self._figures = 0

    def configure(
        self,
        tools: Mapping[str, tuple[Callable[..., Any], str]],
        types_: Mapping[str, type],
        errors: Iterable[Iterable[Any]],
        write: Callable[[str], None],
        options: Mapping[str, Any],
    ) -> None:
        """As `Interpreter.configure`; `options` also hold `workspace`: `path`, `scratch`, `imports`, `libraries`."""
        workspace = options["workspace"]
        self._folder = str(workspace["path"])
        self._readable = tuple(workspace["readable"])
        self._names_offered = tuple(workspace["imports"])
        self._imports = frozenset(name.partition(".")[0] for name in self._names_offered)
        known = (*sys.stdlib_module_names, *self._imports)
        self._modules = {name: ModuleView(name, {}) for name in known}  # for hints only
        self._hidden = sorted((f"{folder}/" for folder in workspace["libraries"]), key=len, reverse=True)
        super().configure(tools, types_, errors, write, options)
        scratch = str(workspace["scratch"])
        os.environ.clear()
        os.environ.update(libraries.ENVIRONMENT, HOME=scratch, TMPDIR=scratch, MPLCONFIGDIR=scratch)
        sys.path.insert(0, self._folder)
        sys.modules["__main__"] = self._main
        sys.argv[:] = ["program"]
        warnings.resetwarnings()
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)
        warnings.formatwarning = _format_warning
        if "tempfile" in sys.modules:
            sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]
        if "torch" in sys.modules:
            sys.modules["torch"].manual_seed(options["seed"])
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].show = self._show  # type: ignore[attr-defined]
        random.seed(options["seed"])

    def run(self, code: str, arm: Callable[[bool], None] | None = None) -> Outcome:
        """As `Interpreter.run`; figures that are still open are kept as files then, and closed."""
        outcome = super().run(code, arm)
        if not outcome.stopped:
            with contextlib.suppress(Stopped, Exception):
                self._keep_figures(ended=True)
        error = outcome.error
        if error is not None:
            kind, message, line, text = error
            hint = self._forgotten(kind, message) or self._closed(kind, message)
            error = (kind, self._without_paths(message) + hint, line, self._without_paths(text) + hint)
        return Outcome(outcome.value, self._without_paths(outcome.shown), error, outcome.stopped)

    def _compile(self, code: str, name: str) -> tuple[types.CodeType | Told, bool]:
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        return super()._compile(code, name)

    def _forgotten(self, kind: str, message: str) -> str:
        """What to import, where a usual short name is not known: after a restart all imports are gone."""
        usual = (
            _SHORT_NAMES.get(message[6:-16]) if kind == "NameError" and message.endswith("' is not defined") else None
        )
        offered_here = usual is not None and usual.split()[1].partition(".")[0] in self._imports
        return f". Did you forget '{usual}'?" if offered_here else ""

    def _closed(self, kind: str, message: str) -> str:
        """What is open instead, where the wall refused."""
        if kind in ("FileNotFoundError", "PermissionError", "OSError"):
            if message == "[Errno 1] Operation not permitted":  # what has a path names it
                return "; processes and connections cannot be made here: do it in this program, or with a tool"
            if message.startswith("[Errno 30]"):
                return "; only what lies in the working folder can be changed"
            if message.startswith(("[Errno 2] ", "[Errno 13] ")) and message.endswith("'"):  # it names a path
                folders = " and ".join(("the working folder", *self._readable))
                return f"; there are files in {folders}"
        return _NO_NETWORK if message.rstrip(">").endswith("Temporary failure in name resolution") else ""

    def _without_paths(self, text: str) -> str:
        for folder in self._hidden:
            text = text.replace(folder, "")
        return text

    # ---- imports ----------------------------------------------------------------------------------------------------

    def _import_named(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> types.ModuleType:
        # Only an import statement of the program itself: libraries ask for others in its name, from C.
        frame = sys._getframe(1)
        statement = frame.f_code.co_code[frame.f_lasti] == _IMPORT_NAME
        if statement and level == 0 and not self._may_import(name.partition(".")[0]):
            offered_here = ", ".join(self._names_offered)
            hint = self._already_here(name, fromlist) or (
                f". Available: the standard library, {offered_here}, and modules in the workspace"
            )
            raise ModuleNotFoundError(f"the module '{name}' is not available here{hint}", name=name)
        return builtins.__import__(name, globals, locals, fromlist, level)

    def _may_import(self, top: str) -> bool:
        if top in sys.stdlib_module_names or top in self._imports:
            return True
        return any(os.path.exists(os.path.join(self._folder, place)) for place in (top, f"{top}.py"))

    # ---- figures ----------------------------------------------------------------------------------------------------

    def _show(self, *_: object, **__: object) -> None:
        """`plt.show()`: each open figure becomes a file, and is closed."""
        self._keep_figures(ended=False)

    def _keep_figures(self, ended: bool) -> None:
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is None:
            return
        numbers = pyplot.get_fignums()
        for number in numbers[:_MOST_FIGURES]:
            figure = pyplot.figure(number)
            if not figure.axes and not figure.texts and not figure.images:
                continue
            if ended and getattr(figure, "_saved_by_program", False):
                continue
            name = self._free_name()
            figure.savefig(os.path.join(self._folder, name), bbox_inches="tight")
            self._write(f"[figure saved as {name}]\n")
        pyplot.close("all")

    def _free_name(self) -> str:
        while True:
            self._figures += 1
            name = f"figure-{self._figures}.png"
            if not os.path.lexists(os.path.join(self._folder, name)):
                return name


def _format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    return f"{category.__name__}: {message}\n"


def _refuse_input(*_: object) -> str:
    raise PermissionError(f"input() is not available here: {UNAVAILABLE['input']}")


def prepare() -> WorkspaceInterpreter:
    """In the zygote, once: an interpreter for all sessions, tried on a program."""
    if "matplotlib.figure" in sys.modules:
        _remember_saving()
    if platform.machine() in seccomp.ARCHITECTURES:
        seccomp_workspace.program(platform.machine(), True)  # kept for all workers
    workspace_wall.warm_up()
    trial = WorkspaceInterpreter()
    for code in ("x = [i for i in range(3)]\nx", "1/0", "x = ", "nme"):
        trial.run(code)
    return WorkspaceInterpreter()


def _remember_saving() -> None:
    """Mark the figures that a program saves by itself, so that they are not kept twice."""
    from matplotlib.figure import Figure

    save = Figure.savefig

    def savefig(self: Any, *args: Any, **kwargs: Any) -> Any:
        save(self, *args, **kwargs)
        self._saved_by_program = True

    savefig.__doc__ = save.__doc__
    Figure.savefig = savefig  # type: ignore[method-assign]
