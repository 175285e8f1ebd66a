"""Files and text: a real folder with logs and receipts, read in parts and written to, and nothing outside of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from codeact.tools import Toolbox, tool
from codeact_envs.tool_use.answers import Tolerance
from codeact_envs.tool_use.drawing import Draw, Vocabulary
from codeact_envs.tool_use.generator import Case, Generator, Question

PART = 40  # lines
MOST_CHARACTERS = 100_000  # of a file that is written
MOST_FILES = 200
LONGEST_PATH = 60  # characters, of at most four bytes each: no file system takes names above 255 bytes

SERVICES = Vocabulary(
    seen=("archive", "billing", "cache", "delivery", "export", "gateway", "indexer", "mailer"),
    unseen=("notifier", "planner", "queue", "resizer", "scheduler"),
)
CATEGORIES = Vocabulary(
    seen=("books", "cables", "fuel", "hotels", "meals", "paper", "repairs", "tickets"),
    unseen=("badges", "flowers", "postage", "rent", "software"),
)
OFFICES = Vocabulary(
    seen=("athens", "bern", "cork", "dakar", "essen", "fez"), unseen=("gdansk", "hanoi", "jena", "lima")
)


class NoSuchFile(LookupError):
    """There is no such file or folder here."""


class OutsideTheFolder(PermissionError):
    """The path leads out of the folder, or is none."""


class TooLarge(ValueError):
    """The text is too long for a file here, or there are too many files."""


@dataclass(frozen=True)
class Entry:
    """What is in a folder: a file, or another folder. `path` is what the other tools take."""

    path: str
    is_folder: bool


@dataclass(frozen=True)
class Part:
    """Lines of a file from the line `first` on (1 is the first); `total` is how many the file has."""

    lines: list[str]
    first: int
    total: int


Texts = Mapping[str, str]


class FilesService:
    """A folder of its own, in which tools read and write."""

    def __init__(self) -> None:
        names = ["list_folder", "read_lines", "find_lines", "write_text", "delete_file"]
        self.toolbox = Toolbox.of(self, allow=names, errors=[NoSuchFile, OutsideTheFolder, TooLarge])
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._root = Path()
        self._changed: dict[str, str | None] = {}  # None: deleted
        self._texts: Texts = {}

    def load(self, data: Texts) -> None:
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="codeact-files-")
            self._root = Path(self._temporary.name).resolve()
        for entry in self._root.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for path, text in data.items():
            self._put(self._root / path, text)
        self._texts, self._changed = data, {}

    def shown(self) -> str:
        return f"A folder; {len(self._changed)} files in it have been changed."

    def state(self) -> Mapping[str, Any]:
        return dict(self._changed)

    def restore(self, state: Mapping[str, Any]) -> None:
        for path in (path for path, text in state.items() if text is None):
            self._remove(self._root / path)
        for path, text in state.items():
            if text is not None:
                self._put(self._root / path, text)
        self._changed = dict(state)

    def close(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    @tool(effect="read")
    def list_folder(self, path: str = ".") -> list[Entry]:
        """List what is in a folder; `.` is the outermost.

        Raises NoSuchFile or OutsideTheFolder.
        """
        folder = self._inside(path)
        if not folder.is_dir():
            raise NoSuchFile(f"there is no folder {path!r}; list_folder() shows the outermost")
        return [Entry(self._name(entry), entry.is_dir()) for entry in sorted(folder.iterdir())]

    @tool(effect="read")
    def read_lines(self, path: str, first: int = 1) -> Part:
        """Read a file from the line `first` on, at most 40 lines at once.

        Raises NoSuchFile when there is no such file or line, or OutsideTheFolder.
        """
        lines = self._lines(path)
        if not 1 <= first <= max(1, len(lines)):
            raise NoSuchFile(f"{path!r} has lines 1 to {len(lines)}, and no line {first}")
        return Part(lines[first - 1 : first - 1 + PART], first, len(lines))

    @tool(effect="read")
    def find_lines(self, path: str, text: str) -> list[int]:
        """Find the lines of a file in which a text occurs, capitals and all; gives their numbers, 1 for the first.

        Raises NoSuchFile or OutsideTheFolder.
        """
        return [number for number, line in enumerate(self._lines(path), 1) if text in line]

    @tool(effect="write")
    def write_text(self, path: str, text: str) -> None:
        """Write a file, and the folders that its path needs; what it held before is gone.

        Raises OutsideTheFolder; NoSuchFile when the path is that of a folder, or leads through a file; TooLarge when
        the text has more than 100,000 characters.
        """
        file = self._inside(path)
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("the text has a lone surrogate, and cannot be written as UTF-8") from None
        if len(text) > MOST_CHARACTERS:
            raise TooLarge(f"a file here may have {MOST_CHARACTERS:,} characters, not {len(text):,}")
        if file.is_dir() or any(folder.is_file() for folder in file.parents):
            raise NoSuchFile(f"no file can be written at {path!r}: it is a folder, or leads through a file")
        name = self._name(file)
        if name not in self._changed and len(self._changed) >= MOST_FILES:
            raise TooLarge(f"{MOST_FILES} files have been changed already, and no more may be")
        self._put(file, text)
        self._changed[name] = text

    @tool(effect="write")
    def delete_file(self, path: str) -> None:
        """Delete a file.

        Raises NoSuchFile or OutsideTheFolder.
        """
        file = self._inside(path)
        if not file.is_file():
            raise NoSuchFile(f"there is no file {path!r}")
        self._remove(file)
        name = self._name(file)
        if name in self._texts:
            self._changed[name] = None
        else:
            del self._changed[name]

    def _inside(self, path: str) -> Path:
        """Where a path leads.

        Raises:
            OutsideTheFolder: out of the folder.
        """
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise OutsideTheFolder(f"{path!r} leads out of the folder: paths are like 'logs/one.txt'")
        if len(path) > LONGEST_PATH or not path.isprintable():
            raise OutsideTheFolder(f"a path is of printable characters, at most {LONGEST_PATH}: not {path[:20]!r}...")
        return self._root / pure  # no tool makes a link that could lead on from there

    def _lines(self, path: str) -> list[str]:
        file = self._inside(path)
        if not file.is_file():
            raise NoSuchFile(f"there is no file {path!r}; list_folder() shows what there is")
        return file.read_text(encoding="utf-8").splitlines()

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _put(self, file: Path, text: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as writing:
            writing.write(text)

    def _remove(self, file: Path) -> None:
        """Delete a file, and the folders that are empty then."""
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == self._root or any(folder.iterdir()):
                break
            folder.rmdir()


# Data and solvers


def _clock(draw: Draw) -> str:
    return f"{draw.between(0, 23):02d}:{draw.between(0, 59):02d}"


def _log(draw: Draw, service: str, count: int) -> tuple[str, float, int]:
    """A log, how many seconds the jobs that went well took, and how many failed."""
    lines, seconds, failed = [], 0.0, 0
    for at in range(count):
        well = at == 0 or (at > 1 and draw.chance(60))
        duration = draw.between(20, 9000) / 1000
        # Each log has one of both units among the jobs that went well.
        said = f"{duration:g} s" if at and draw.chance(50) else f"{round(1000 * duration)} ms"
        lines.append(f"{_clock(draw)} {service} job {draw.between(100, 999)} {'ok' if well else 'FAILED'} after {said}")
        seconds += duration if well else 0.0
        failed += not well
    return "\n".join(lines) + "\n", seconds, failed


def _run_time(draw: Draw) -> Case:
    service, other = draw.sample(draw.words(SERVICES), 2)
    day = f"{draw.between(2001, 2029)}-{draw.between(1, 12):02d}-{draw.between(1, 28):02d}"
    text, seconds, _ = _log(draw, service, draw.between(8, 20))
    path = f"logs/{service}-{day}.log"
    files = {path: text, f"logs/{other}-{day}.log": _log(draw, other, 4)[0]}
    return Case(files, {"path": path}, seconds)


def _failed_jobs(draw: Draw) -> Case:
    service, *others = draw.sample(draw.words(SERVICES), 3)
    files, index, right = {}, [], 0
    for each in draw.shuffled([service, *others]):
        path = f"store/{draw.between(10_000, 99_999)}.log"
        count = draw.between(45, 75) if each == service else 5
        files[path], _, failed = _log(draw, each, count)
        index.append(f"{each}: {path}")
        right = failed if each == service else right
    files["index.txt"] = "\n".join(index) + "\n"
    report = f"reports/{draw.between(100, 999)}.txt"
    said = {"service": service, "report": report}
    return Case(files, said, right, {report: str(right)})


def _receipts(draw: Draw) -> Case:
    categories = draw.sample(draw.words(CATEGORIES), 3)
    offices = draw.sample(draw.words(OFFICES), 3)
    files: dict[str, str] = {}
    cents = dict.fromkeys(categories, 0)
    for place, office in enumerate(offices):
        for month in draw.sample(range(1, 13), draw.between(1, 2) + (place == 0)):
            in_cents = not files or draw.chance(50)  # the first one is
            separator = draw.choice(",;")
            rows = []
            for category in [*categories, *(draw.choice(categories) for _ in range(draw.between(2, 9)))]:
                amount = draw.between(150, 60_000)
                cents[category] += amount
                rows.append((f"{month:02d}-{draw.between(1, 28):02d}", category, _written(amount, in_cents)))
            head = ("date", "category", "cents" if in_cents else "euros")
            text = "".join(separator.join(row) + "\n" for row in [head, *draw.shuffled(rows)])
            files[f"receipts/{office}/{month:02d}.csv"] = text
            if draw.chance(40):
                files[f"receipts/{office}/{month:02d}.csv.bak"] = text
    totals = {category: amount / 100 for category, amount in cents.items()}
    summary = "".join(f"{category},{totals[category]:.2f}\n" for category in sorted(totals))
    return Case(files, {"folder": "receipts", "summary": "summary.csv"}, totals, {"summary.csv": summary})


def _written(cents: int, in_cents: bool) -> str:
    return str(cents) if in_cents else f"{cents // 100}.{cents % 100:02d}"


_RUN_TIMES = """
import re

found = [re.search(r" ok after ([0-9.]+) (m?s)$", line) for line in read_lines(path).lines]
"""
_READ = """
def whole(path):
    part = read_lines(path)
    lines = list(part.lines)
    while len(lines) < part.total:
        lines += read_lines(path, len(lines) + 1).lines
    return lines
"""
_COUNT = (
    _READ
    + """
(line,) = [line for line in whole("index.txt") if line.startswith(service + ": ")]
lines = whole(line.split(": ")[1])
"""
)
_SUM = (
    _READ
    + """
import re

totals, waiting = {}, [folder]
while waiting:
    for entry in list_folder(waiting.pop()):
        if entry.is_folder:
            waiting.append(entry.path)
        elif entry.path.endswith(".csv"):
            head, *rows = [re.split("[,;]", line) for line in whole(entry.path)]
            for _, category, amount in rows:
                totals[category] = totals.get(category, 0) + float(amount)SCALE
totals = {category: round(amount, 2) for category, amount in totals.items()}
write_text(summary, "".join(f"{category},{totals[category]:.2f}\\n" for category in sorted(totals)))
finish(totals)
"""
)

GENERATOR = Generator(
    name="files",
    title="Files and text",
    open=FilesService,
    vocabularies={"services": SERVICES, "categories": CATEGORIES, "offices": OFFICES},
    grades={
        1: (
            Question(
                name="run_time",
                pose=_run_time,
                templates=(
                    "How many seconds did all the jobs in {path} take that were ok?",
                    "Add up, in seconds, the durations of the jobs that were ok in the file {path}.",
                    "In the log {path}, how long did the ok jobs run altogether, in seconds?",
                    "Sum the run time of the jobs that went ok, from {path}. Answer in seconds.",
                    "Read {path} and give the total time of its ok jobs in seconds.",
                ),
                form="Jobs that FAILED do not count. Call finish() with a number.",
                oracle=_RUN_TIMES
                + 'finish(sum(float(each[1]) / (1000 if each[2] == "ms" else 1) for each in found if each))',
                opposite=_RUN_TIMES + "finish(sum(float(each[1]) for each in found if each))",
                tolerance=Tolerance(absolute=0.001),
            ),
        ),
        2: (
            Question(
                name="failed_jobs",
                pose=_failed_jobs,
                templates=(
                    "How many jobs of {service} FAILED? Write the number into {report}, too.",
                    "Count the FAILED jobs in the log of {service} and leave the count in the file {report}.",
                    "Find the log of {service}, count its FAILED jobs, and write just that number to {report}.",
                    "For the report {report} we need one number: the jobs of {service} that FAILED.",
                    "Put the number of FAILED jobs of {service} into {report}, and nothing else.",
                ),
                form="index.txt tells which log is whose. Call finish() with the exact number as well.",
                oracle=_COUNT
                + """
count = sum(" FAILED " in line for line in lines)
write_text(report, str(count))
finish(count)
""",
                opposite=_COUNT
                + """
count = sum(" FAILED " not in line for line in lines)
write_text(report, str(count) + " jobs")
finish(count + len(lines))
""",
            ),
        ),
        3: (
            Question(
                name="receipts",
                pose=_receipts,
                templates=(
                    "Sum all receipts under {folder} by category, and write the sums to {summary}.",
                    "How much was spent on each category, over all offices in {folder}? Also write {summary}.",
                    "Make {summary} from the receipts of every office in {folder}: what each category cost.",
                    "Go through all of {folder}, add up the categories, and leave the result in {summary}.",
                    "The folder {folder} has receipts by office and month. Total them by category into {summary}.",
                ),
                form=(
                    "Receipts are the files that end in .csv; others are old copies. The file gets a line a category, "
                    "in the order of the alphabet, such as `pens,12.50`: euros with two digits after the point. "
                    "Call finish() with a dict from category to euros as well."
                ),
                oracle=_SUM.replace("SCALE", ' / (100 if head[2] == "cents" else 1)'),
                opposite=_SUM.replace("SCALE", ""),
                tolerance=Tolerance(absolute=0.005),
            ),
        ),
    },
)
