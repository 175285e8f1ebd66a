"""Sessions with a workspace: files, full libraries, figures, artifacts, and the paper's own example."""

from __future__ import annotations

import os
import random
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.errors import SandboxError
from codeact.sandbox import Execution, Limits, Sandbox, level
from codeact.tools import Toolbox, tool

MISSING = [layer.name for layer in level().missing]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"this machine cannot put up {', '.join(MISSING)}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    made.mkdir()
    return made


@pytest.fixture
def plain(folder: Path) -> Iterator[Sandbox]:
    """A session with the standard library and numpy."""
    with Sandbox(workspace=folder, imports=()) as sandbox:
        yield sandbox


def good(execution: Execution) -> Execution:
    assert execution.ok, execution.observation()
    return execution


def paths(execution: Execution) -> dict[str, str]:
    return {artifact.path: artifact.change for artifact in execution.artifacts}


# ---- files ----------------------------------------------------------------------------------------------------------


def test_files_are_written_read_and_reported(plain: Sandbox, folder: Path) -> None:
    made = good(
        plain.run(
            "from pathlib import Path\n"
            "Path('notes').mkdir()\n"
            "Path('notes/a.txt').write_text('one\\n')\n"
            "with open('b.json', 'w') as file:\n    file.write('[1]')"
        )
    )
    assert paths(made) == {"b.json": "created", "notes/a.txt": "created"}
    first = made.artifacts[0]
    assert (first.path, first.size, first.media_type, first.where) == (
        "b.json",
        3,
        "application/json",
        folder / "b.json",
    )
    assert first.read_bytes() == b"[1]"
    assert (folder / "notes" / "a.txt").read_text() == "one\n"
    changed = good(plain.run("import os\nos.remove('b.json')\nopen('notes/a.txt', 'a').write('two\\n')"))
    assert paths(changed) == {"notes/a.txt": "changed"}
    assert changed.removed == ("b.json",)
    assert "changed notes/a.txt (8 bytes); removed b.json" in changed.observation()
    with pytest.raises(SandboxError, match=r"b\.json in the workspace cannot be read"):
        first.read_bytes()
    assert good(plain.run("1")).artifacts == ()


def test_the_standard_library_works_on_files(plain: Sandbox, folder: Path) -> None:
    code = """
import csv, glob, gzip, json, os, pathlib, pickle, shutil, sqlite3, tempfile, zipfile
with sqlite3.connect('a.db') as base:
    base.execute('create table t (x)')
    base.execute('insert into t values (7)')
assert base.execute('select x from t').fetchone() == (7,)
base.close()
with tempfile.TemporaryDirectory() as name:
    pathlib.Path(name, 'x').write_bytes(b'1' * 1000)
    shutil.copy2(f'{name}/x', 'x')
with tempfile.TemporaryFile() as file:
    file.write(b'a')
os.chmod('x', 0o600)
os.utime('x', (1e9, 1e9))
assert os.stat('x').st_mtime == 1e9
os.makedirs('d/e/f')
os.rename('x', 'd/e/x')
os.replace('d/e/x', 'd/e/f/x')
with gzip.open('z.gz', 'wt') as file:
    file.write('text')
assert gzip.open('z.gz', 'rt').read() == 'text'
with zipfile.ZipFile('z.zip', 'w') as archive:
    archive.write('d/e/f/x')
class Point:
    def __init__(self, x): self.x = x
pickle.dump(Point(3), open('p.pickle', 'wb'))
assert pickle.load(open('p.pickle', 'rb')).x == 3
assert glob.glob('**/x', recursive=True) == ['d/e/f/x']
assert pathlib.Path('d').resolve().is_relative_to(os.getcwd())
shutil.rmtree('d')
assert pathlib.Path('~').expanduser() == pathlib.Path(tempfile.gettempdir())
sorted(os.listdir('.'))
"""
    assert good(plain.run(code)).value == ["a.db", "p.pickle", "z.gz", "z.zip"]
    assert os.stat(folder / "a.db").st_uid == os.stat(folder).st_uid


def test_variables_last_and_the_folder_is_the_current_one(plain: Sandbox, folder: Path) -> None:
    good(plain.run("import os\nx = [1]\ndef f(): return len(x)"))
    assert good(plain.run("x.append(2)\nf()")).value == 2
    assert good(plain.run("os.getcwd()")).value == str(folder)
    good(plain.run("open('mine.py', 'w').write('y = 5')"))
    assert good(plain.run("import mine\nmine.y")).value == 5


def test_threads_and_asyncio_work(plain: Sandbox) -> None:
    code = """
import asyncio, concurrent.futures, threading
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    squares = list(pool.map(lambda x: x * x, range(10)))
async def work():
    await asyncio.sleep(0.001)
    return sum(squares)
asyncio.run(work())
"""
    assert good(plain.run(code)).value == 285


def test_threads_print_and_call_tools(folder: Path) -> None:
    @tool
    def double(number: int) -> int:
        """Twice the number."""
        return 2 * number

    code = """
from concurrent.futures import ThreadPoolExecutor
def work(number):
    for _ in range(50): print(f'line of {number}: ' + 'x' * 100)
    return [double(number * 100 + step) for step in range(50)]
with ThreadPoolExecutor(8) as pool:
    results = list(pool.map(work, range(8)))
results == [[2 * (number * 100 + step) for step in range(50)] for number in range(8)]
"""
    with Sandbox(Toolbox([double]), workspace=folder, imports=(), limits=Limits(output_chars=1_000_000)) as sandbox:
        made = good(sandbox.run(code))
        assert made.value is True
        assert len(made.calls) == 400
        assert made.stdout.count("x" * 100) == 400  # a thread may print between another one's text and its line's end
        late = "import threading, time\ndef later():\n    while True: double(1)\nthreading.Thread(target=later).start()"
        good(sandbox.run(late))
        time.sleep(0.2)
        again = good(sandbox.run("double(4)"))  # the thread's calls are this run's as well
        assert again.value == 8
        assert {call.arguments["number"] for call in again.calls} <= {1, 4}


def test_a_library_that_cannot_start_is_told(folder: Path) -> None:
    with pytest.raises(SandboxError, match=r"numpy\.nothing.* cannot be imported: No module named"):
        Sandbox(workspace=folder, imports=["numpy.nothing"])
    with Sandbox(workspace=folder, imports=()) as sandbox:
        good(sandbox.run("1"))


def test_threads_that_go_on_are_held_between_runs(plain: Sandbox, folder: Path) -> None:
    good(
        plain.run(
            "import threading, time\n"
            "count = 0\n"
            "def tick():\n"
            "    global count\n"
            "    while True:\n"
            "        count += 1\n"
            "        time.sleep(0.001)\n"
            "threading.Thread(target=tick, daemon=True).start()\n"
            "time.sleep(0.05)"
        )
    )
    before = good(plain.run("count")).value
    time.sleep(0.5)
    after = good(plain.run("count")).value
    assert before > 0
    assert after - before < 100


def test_a_restart_says_that_files_stay(folder: Path) -> None:
    with Sandbox(workspace=folder, imports=(), limits=Limits(wall_s=2.0)) as sandbox:
        good(sandbox.run("open('kept.txt', 'w').write('x')"))
        lost = sandbox.run(
            "while True:\n    try:\n        while True: sum(range(1000))\n    except BaseException: pass"
        )
        assert lost.error is not None
        assert lost.error.type == "TimeLimit"
        assert lost.restarted
        assert "the files in the workspace are still there" in lost.error.message
        assert good(sandbox.run("open('kept.txt').read()")).value == "x"


def test_readable_folders_can_be_read_and_not_written(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "in.txt").write_text("5")
    single = tmp_path / "one.txt"
    single.write_text("6")
    with Sandbox(workspace=folder, readable=[data, single], imports=()) as sandbox:
        assert good(sandbox.run(f"open({str(data / 'in.txt')!r}).read() + open({str(single)!r}).read()")).value == "56"
        for name in (data / "in.txt", data / "new.txt", single):
            refused = sandbox.run(f"open({str(name)!r}, 'w')").error
            assert refused is not None
            assert refused.type in ("PermissionError", "OSError")
    assert (data / "in.txt").read_text() == "5"
    assert os.listdir(data) == ["in.txt"]


def test_two_sessions_share_a_folder(folder: Path) -> None:
    with Sandbox(workspace=folder, imports=()) as first, Sandbox(workspace=folder, imports=()) as second:
        good(first.run("open('x', 'w').write('1')"))
        assert good(second.run("open('x').read()")).value == "1"
    with Sandbox(workspace=folder, imports=()) as third:
        assert good(third.run("open('x').read()")).value == "1"


def test_a_branch_is_refused(plain: Sandbox) -> None:
    with pytest.raises(SandboxError, match="would write the same files"):
        plain.branch()


# ---- limits ---------------------------------------------------------------------------------------------------------


def test_one_file_has_a_limit(folder: Path) -> None:
    with Sandbox(workspace=folder, imports=(), limits=Limits(file_mb=1)) as sandbox:
        error = sandbox.run("open('big', 'wb').write(b'x' * 2_000_000)").error
        assert error is not None
        assert (error.type, "File too large" in error.message) == ("OSError", True)
        assert (folder / "big").stat().st_size <= 1024 * 1024


def test_all_files_together_have_a_limit(folder: Path) -> None:
    (folder / "there.bin").write_bytes(b"x" * 3_000_000)  # counts for nothing
    with Sandbox(workspace=folder, imports=(), limits=Limits(workspace_mb=4, file_mb=2)) as sandbox:
        good(sandbox.run("open('first.txt', 'w').write('kept')"))
        code = """
import itertools, time
for number in itertools.count():
    open(f'f{number}', 'wb').write(b'x' * 1_000_000)
    time.sleep(0.05)
"""
        full = sandbox.run(code)
        assert full.error is not None
        assert full.error.type == "DiskLimit", full.error
        assert "at most 4 may be added" in full.error.message
        again = good(
            sandbox.run("import glob, os\nfor name in glob.glob('f?'): os.remove(name)\nopen('first.txt').read()")
        )
        assert again.value == "kept"


def test_a_quick_program_that_filled_the_workspace_is_told_at_its_end(folder: Path) -> None:
    with Sandbox(workspace=folder, imports=(), limits=Limits(workspace_mb=1)) as sandbox:
        full = sandbox.run("open('big', 'wb').write(b'x' * 3_000_000)")
        assert not full.ok
        assert full.error is not None
        assert full.error.type == "DiskLimit"
        assert not full.restarted
        assert paths(full) == {"big": "created"}


# ---- what is asked for and cannot be had ----------------------------------------------------------------------------


def test_what_is_no_workspace_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    home = tmp_path / "home"
    (home / "inner").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for given, said in (
        (tmp_path / "none", "does not exist"),
        (file, "is not a folder"),
        ("/", "cannot be a workspace"),
        (home, "cannot be a workspace"),
        (tmp_path, "cannot be a workspace"),
        (Path(os.__file__).parents[1], "cannot be a workspace"),
        (Path(os.__file__).parent, "cannot be a workspace"),
        ("/proc/self", "cannot be a workspace|may not be"),
        ("/tmp", "cannot be a workspace"),
        ("", "empty"),
        (3, "takes a path"),
    ):
        with pytest.raises(SandboxError, match=said):
            Sandbox(workspace=given, imports=())  # type: ignore[arg-type]
    monkeypatch.setenv("CODEACT_CACHE", str(tmp_path / "kept" / "cache"))
    for place in ("kept", "kept/cache/workspace", "kept/cache/workspace/matplotlib"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        with pytest.raises(SandboxError, match="libraries read their settings"):
            Sandbox(workspace=tmp_path / place, imports=())
    imported = tmp_path / "project"
    imported.mkdir()
    monkeypatch.syspath_prepend(str(imported))
    with pytest.raises(SandboxError, match="imports modules from"):
        Sandbox(workspace=imported, imports=())


def test_what_is_wrong_with_readable_and_imports_is_said(folder: Path, tmp_path: Path) -> None:
    for readable, said in (
        ([tmp_path / "none"], "does not exist"),
        ([folder], "overlaps"),
        ([tmp_path], "overlaps"),
        (["/"], "all of this machine"),
        (["/dev/null"], "neither a folder nor a file"),
        ("data", "collection"),
    ):
        with pytest.raises(SandboxError, match=said):
            Sandbox(workspace=folder, readable=readable, imports=())  # type: ignore[arg-type]
    with pytest.raises(SandboxError, match="goes with workspace="):
        Sandbox(readable=[tmp_path])
    for imports, said in ((["no_such_library"], "pip install no_such_library"), (["a b"], "names of modules")):
        with pytest.raises(SandboxError, match=said):
            Sandbox(workspace=folder, imports=imports)


def test_a_library_that_was_not_asked_for_is_refused(plain: Sandbox) -> None:
    for code in ("import pandas", "from RestrictedPython import compile_restricted", "import codeact.sandbox"):
        error = plain.run(code).error
        assert error is not None
        assert error.type == "ModuleNotFoundError"
        assert "Available: the standard library, numpy, and modules in the workspace" in error.message


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("open('sales.csv')", "No such file or directory: 'sales.csv'; there are files in the working folder"),
        ("open('/etc/passwd')", "'/etc/passwd'; there are files in the working folder"),
        ("open('/usr/lib/x', 'w')", "there are files in|only what lies in the working folder can be changed"),
        ("import subprocess\nsubprocess.run(['ls'])", "processes and connections cannot be made here"),
        ("import urllib.request\nurllib.request.urlopen('http://example.com')", "only through tools"),
    ],
)
def test_where_the_wall_refuses_what_is_open_is_named(plain: Sandbox, code: str, part: str) -> None:
    error = plain.run(code).error
    assert error is not None
    assert re.search(part, error.message), error.message
    assert error.text.endswith(error.message)


def test_a_missing_file_names_the_readable_folders(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "work"
    data.mkdir()
    folder.mkdir()
    with Sandbox(workspace=folder, readable=[data], imports=()) as sandbox:
        error = sandbox.run("open('sales.csv')").error
    assert error is not None
    assert error.message.endswith(f"there are files in the working folder and {data}")


def test_a_forgotten_import_is_named(plain: Sandbox) -> None:
    error = plain.run("np.zeros(3)").error
    assert error is not None
    assert error.message == "name 'np' is not defined. Did you forget 'import numpy as np'?"
    assert error.text.endswith(error.message)
    other = plain.run("pd.DataFrame()").error  # which this session does not offer
    assert other is not None
    assert "import" not in other.message


def test_an_interrupt_leaves_the_variables(folder: Path) -> None:
    with Sandbox(workspace=folder, imports=()) as sandbox:
        good(sandbox.run("x = 1"))
        threading.Timer(0.3, sandbox.interrupt).start()
        stopped = sandbox.run("import time\nwhile True: time.sleep(0.01)")
        assert stopped.error is not None
        assert stopped.error.type == "Interrupted"
        assert stopped.restarted or good(sandbox.run("x")).value == 1


# ---- libraries ------------------------------------------------------------------------------------------------------


def table(path: Path) -> None:
    """Flats with their rents: thousands separators, missing values, a currency sign, a doubled line."""
    chance = random.Random(3)
    lines = ["id,area_m2,rooms,year,district,rent"]
    for number in range(120):
        area = chance.uniform(25, 140)
        rooms = max(1, round(area / 28 + chance.gauss(0, 0.5)))
        year = chance.randint(1900, 2022)
        district = chance.choice(["Mitte", "north", "Süd "])
        rent = 210 + 11.5 * area + 35 * rooms + 1.1 * (year - 1900) + chance.gauss(0, 40)
        shown = f'"€ {rent:,.2f}"'
        cells = [str(number), f"{area:.1f}" if number % 17 else "", str(rooms), str(year), district, shown]
        lines.append(",".join(cells))
    lines.append(lines[-1])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_the_papers_example(folder: Path, tmp_path: Path) -> None:
    """Load a table, train a regression, plot, meet an error, mend it in the next turn."""
    for name in ("pandas", "sklearn", "matplotlib"):
        pytest.importorskip(name)
    data = tmp_path / "data"
    data.mkdir()
    table(data / "rents.csv")
    with Sandbox(workspace=folder, readable=[data], imports=["pandas", "sklearn", "matplotlib"]) as sandbox:
        loaded = good(
            sandbox.run(
                f"import pandas as pd\nflats = pd.read_csv({str(data / 'rents.csv')!r})\n"
                "flats = flats.drop_duplicates()\n"
                "flats['rent'] = flats['rent'].str.replace('€', '').str.replace(',', '').astype(float)\n"
                "flats['district'] = flats['district'].str.strip().str.title()\n"
                "print(flats.shape)\nflats.isna().sum()"
            )
        )
        assert "(120, 6)" in loaded.stdout
        assert "area_m2" in loaded.shown
        train = (
            "from sklearn.linear_model import LinearRegression\n"
            "from sklearn.model_selection import train_test_split\n"
            "X = pd.get_dummies(flats[['area_m2', 'rooms', 'year', 'district']])\n"
            "X_train, X_test, y_train, y_test = train_test_split(X, flats['rent'], random_state=0)\n"
            "model = LinearRegression().fit(X_train, y_train)\n"
            "score = float(model.score(X_test, y_test))\nscore"
        )
        failed = sandbox.run(train)
        assert failed.error is not None
        assert failed.error.type == "ValueError"
        assert "Input X contains NaN" in failed.error.message
        assert failed.error.line == 5
        assert "model = LinearRegression().fit(X_train, y_train)" in failed.error.text
        assert "site-packages" not in failed.observation()
        assert "/lib/" not in failed.observation()
        mended = good(sandbox.run("flats['area_m2'] = flats['area_m2'].fillna(flats['area_m2'].median())\n" + train))
        assert mended.value > 0.9
        assert not mended.restarted
        plotted = good(
            sandbox.run(
                "import matplotlib.pyplot as plt\n"
                "plt.scatter(y_test, model.predict(X_test))\nplt.xlabel('rent')\nplt.ylabel('predicted')\nplt.show()\n"
                "flats.assign(predicted=model.predict(X)).to_csv('predictions.csv', index=False)"
            )
        )
        assert paths(plotted) == {"figure-1.png": "created", "predictions.csv": "created"}
        assert "figure-1.png" in plotted.stdout
        picture = plotted.artifacts[0].image()
        assert picture.width > 300
        assert picture.height > 200
        assert len({tuple(pixel) for pixel in picture.array.reshape(-1, picture.array.shape[2])[::7]}) > 10
        lines = plotted.artifacts[1].read_bytes().decode().splitlines()
        assert len(lines) == 121
        assert lines[0].endswith("predicted")


@pytest.mark.slow
def test_figures_are_kept_as_a_notebook_shows_them(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    with Sandbox(workspace=folder, imports=["matplotlib"]) as sandbox:
        open_ones = good(
            sandbox.run(
                "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.figure()\nplt.bar(['a'], [1])\nplt.figure()"
            )
        )
        assert paths(open_ones) == {"figure-1.png": "created", "figure-2.png": "created"}
        assert paths(good(sandbox.run("1"))) == {}
        forgotten = sandbox.run("del plt\nplt.plot([1])").error
        assert forgotten is not None
        assert forgotten.message.endswith("Did you forget 'import matplotlib.pyplot as plt'?")
        good(sandbox.run("import matplotlib.pyplot as plt"))
        rare = good(
            sandbox.run("plt.title('Ünusual gl\u1e9ephs \u2603 \u0416')\nplt.show()")
        )  # read from the font only now
        assert "Bad file descriptor" not in rare.stdout
        assert paths(rare) == {"figure-3.png": "created"}
        saved = good(sandbox.run("plt.plot([3, 1])\nplt.savefig('mine.png')"))
        assert paths(saved) == {"mine.png": "created"}
        assert saved.artifacts[0].media_type == "image/png"
    with Sandbox(workspace=folder, imports=["matplotlib"]) as sandbox:
        more = good(sandbox.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"))
        assert paths(more) == {"figure-4.png": "created"}


@pytest.mark.slow
def test_torch_trains_a_small_net(folder: Path) -> None:
    pytest.importorskip("torch")
    code = """
import torch
x = torch.linspace(-3, 3, 200).unsqueeze(1)
y = torch.sin(x)
net = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
losses = []
for step in range(50):
    optimiser.zero_grad()
    loss = torch.nn.functional.mse_loss(net(x), y)
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
torch.save(net.state_dict(), 'net.pt')
net.load_state_dict(torch.load('net.pt'))
[losses[0], losses[-1]]
"""
    with Sandbox(workspace=folder, imports=["torch"]) as sandbox:
        trained = good(sandbox.run(code))
        assert trained.value[1] < trained.value[0] / 3
        assert paths(trained) == {"net.pt": "created"}
