"""`logging` for a program: what is logged is printed."""

from __future__ import annotations

import logging
import time
from typing import Any

from codeact.sandbox.language import tracebacks
from codeact.sandbox.language.streams import Stream
from codeact.sandbox.language.views import ModuleView

_LEVELS = {"NOTSET": 0, "DEBUG": 10, "INFO": 20, "WARNING": 30, "WARN": 30, "ERROR": 40, "CRITICAL": 50, "FATAL": 50}
_NAMES = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL", 0: "NOTSET"}
_BASIC = "%(levelname)s:%(name)s:%(message)s"


def _level(value: Any) -> int:
    if type(value) is str:
        if value not in _LEVELS:
            raise ValueError(f"Unknown level: {value!r}")
        return _LEVELS[value]
    return int(value)


class Logger:
    """`logging.Logger`."""

    __slots__ = ("_level", "_logs", "name")

    def __init__(self, logs: Logs, name: str) -> None:
        self._logs = logs
        self.name = name
        self._level = 0

    @property
    def level(self) -> int:
        return self._level

    def setLevel(self, level: Any) -> None:
        self._level = _level(level)

    def getEffectiveLevel(self) -> int:
        return self._level or self._logs.root._level or 30

    def isEnabledFor(self, level: int) -> bool:
        return level >= self.getEffectiveLevel()

    def log(self, level: Any, message: Any, *args: Any, exc_info: Any = None, **_: Any) -> None:
        if self.isEnabledFor(_level(level)):
            self._logs.tell(self.name, _level(level), message, args, exc_info)

    def debug(self, message: Any, *args: Any, **options: Any) -> None:
        self.log(10, message, *args, **options)

    def info(self, message: Any, *args: Any, **options: Any) -> None:
        self.log(20, message, *args, **options)

    def warning(self, message: Any, *args: Any, **options: Any) -> None:
        self.log(30, message, *args, **options)

    def error(self, message: Any, *args: Any, **options: Any) -> None:
        self.log(40, message, *args, **options)

    def exception(self, message: Any, *args: Any, **options: Any) -> None:
        self.log(40, message, *args, **{"exc_info": True, **options})

    def critical(self, message: Any, *args: Any, **options: Any) -> None:
        self.log(50, message, *args, **options)

    def addHandler(self, handler: Any) -> None:
        """There is one place where what is logged goes."""

    def removeHandler(self, handler: Any) -> None:
        """There is one place where what is logged goes."""

    def hasHandlers(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Logger {self.name} ({_NAMES.get(self.getEffectiveLevel(), self.getEffectiveLevel())})>"

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("loggers cannot be copied")


class Handler:
    """`logging.StreamHandler` and its like: accepted, and not asked."""

    __slots__ = ()

    def __init__(self, *_: object, **__: object) -> None:
        """What is logged is printed in any case."""

    def setLevel(self, level: Any) -> None:
        """The logger's level decides."""

    def setFormatter(self, formatter: Any) -> None:
        """The format of basicConfig() holds."""


class Formatter:
    """`logging.Formatter`, for a handler."""

    __slots__ = ()

    def __init__(self, *_: object, **__: object) -> None:
        """See Handler."""


class Logs:
    """The loggers of one session."""

    __slots__ = ("_configured", "_date", "_format", "_loggers", "_stream", "_tell", "root")

    def __init__(self, stream: Stream, tell: tracebacks.Tell) -> None:
        self._stream = stream
        self._tell = tell
        self._format, self._date = "%(message)s", "%Y-%m-%d %H:%M:%S"
        self._configured = False
        self.root = Logger(self, "root")
        self.root.setLevel(30)
        self._loggers: dict[str, Logger] = {}

    def get(self, name: Any = None) -> Logger:
        if not name:
            return self.root
        return self._loggers.setdefault(str(name), Logger(self, str(name)))

    def configure(self, **options: Any) -> None:
        if self._configured and not options.get("force"):
            return
        if options.get("filename"):
            raise PermissionError("files cannot be reached from here; what is logged is printed")
        self._configured = True
        template = options.get("format", _BASIC)
        self._format = template if options.get("style", "%") == "%" else _BASIC
        self._date = options.get("datefmt") or self._date
        if options.get("level") is not None:
            self.root.setLevel(options["level"])

    def by_root(self, level: int, **always: Any) -> Any:
        def log(message: Any, *args: Any, **options: Any) -> None:
            self.configure()
            self.root.log(level, message, *args, **always, **options)

        return log

    def tell(self, name: str, level: int, message: Any, args: tuple[Any, ...], exc_info: Any) -> None:
        text = str(message)
        if args:
            text = text % (args[0] if len(args) == 1 and isinstance(args[0], dict) and args[0] else args)
        fields = {
            "message": text,
            "levelname": _NAMES.get(level, f"Level {level}"),
            "levelno": level,
            "name": name,
            "asctime": time.strftime(self._date),
            "created": time.time(),
            "filename": "program",
            "module": "program",
            "funcName": "program",
            "lineno": 0,
            "process": 0,
            "threadName": "MainThread",
        }
        line = self._format % fields
        error = exc_info if isinstance(exc_info, Exception) else tracebacks.handled() if exc_info else None
        if error is not None:
            line = f"{line}\n{self._tell(error)}"
        self._stream.write(str(line) + "\n")


def view(stream: Stream, tell: tracebacks.Tell) -> ModuleView:
    """`logging`, for one session."""
    logs = Logs(stream, tell)
    handlers = dict.fromkeys(["StreamHandler", "NullHandler", "Handler"], Handler)
    return ModuleView(
        "logging",
        {
            **_LEVELS,
            **{name: logs.by_root(_LEVELS[name.upper()]) for name in ("debug", "info", "warning", "error", "critical")},
            **handlers,
            "Formatter": Formatter,
            "Logger": Logger,
            "basicConfig": logs.configure,
            "disable": lambda level=50: None,
            "exception": logs.by_root(40, exc_info=True),
            "getLevelName": lambda level: logging.getLevelName(level) if type(level) in (int, str) else str(level),
            "getLogger": logs.get,
            "root": logs.root,
        },
    )
