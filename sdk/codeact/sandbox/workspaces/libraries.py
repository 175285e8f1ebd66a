"""The full libraries of a workspace session: where the host finds them, and how a zygote gets them ready.

A zygote with libraries imports them once and calls what they import late, so that its workers start with all of it.
The host's half imports none of them.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import sys
import sysconfig
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from codeact.errors import SandboxError

USUAL = ("matplotlib", "pandas", "scipy", "sklearn")
"""What a workspace session offers besides the standard library and numpy when `imports` says nothing: those of these
that are installed."""

_ALWAYS = ("numpy",)
_PACKAGES = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "yaml": "PyYAML",
    "bs4": "beautifulsoup4",
}
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
)
_SITES = ("site-packages", "dist-packages")

ENVIRONMENT = {
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_MAX_THREADS": "1",
    "JOBLIB_MULTIPROCESSING": "0",  # a worker has one process
    "TOKENIZERS_PARALLELISM": "false",
    "LANG": "C.UTF-8",
    "USER": "program",
}
"""All that a program finds in its environment, besides HOME, TMPDIR and MPLCONFIGDIR."""


@dataclass(frozen=True)
class Libraries:
    """What one set of imports needs.

    Attributes:
        names: the modules, sorted; `numpy` is always among them.
        import_path: the folders that Python imports them from.
        readable: the folders and files that a worker must be able to read so that they can load their parts.
        cache: a folder for what they prepare once, such as matplotlib's list of fonts.
    """

    names: tuple[str, ...]
    import_path: tuple[str, ...]
    readable: tuple[str, ...]
    cache: str

    def arguments(self) -> list[str]:
        """For the command line of the zygote."""
        return [self.cache, *self.names]


def find(imports: Iterable[str] | None) -> Libraries:
    """Look the libraries up in this process's own Python, without importing them.

    Raises:
        SandboxError: one is not installed, or is no module's name.
    """
    if imports is None:
        imports = [name for name in USUAL if _spec(name) is not None]
    names = sorted({*imports, *_ALWAYS})
    folders: dict[str, None] = {}
    readable = dict.fromkeys([*_python_folders(), *_SYSTEM])
    for name in names:
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            continue
        places = _places(top)
        if not places:
            package = _PACKAGES.get(top, top)
            raise SandboxError(f"imports names {name!r}, which is not installed here: pip install {package}")
        for folder in places:
            folders[folder] = None
            site = os.path.basename(folder) in _SITES
            for part in [folder] if site else [f"{folder}/{top}", f"{folder}/{top}.py"]:
                readable[part] = None
    for folder in sys.path:  # what the libraries need themselves may be in another one
        if os.path.basename(folder) in _SITES and os.path.isdir(folder):
            folders[os.path.realpath(folder)] = readable[os.path.realpath(folder)] = None
    from codeact.models.cache import cache_folder

    cache = cache_folder() / "workspace"
    return Libraries(tuple(names), tuple(folders), _outermost(readable), str(cache))


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Those that exist, without what lies inside another one. A symbolic link stays, as its name is needed."""
    present = [path for path in paths if os.path.exists(path)]
    folders = [f"{path}/" for path in present]
    return tuple(path for path in present if os.path.islink(path) or not path.startswith(tuple(folders)))


def _spec(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _places(top: str) -> list[str]:
    """The folders that hold a module or package."""
    if not top.isidentifier():
        raise SandboxError(f"imports takes names of modules, such as 'pandas', not {top!r}")
    found = _spec(top)
    if found is None:
        return []
    if found.submodule_search_locations:
        return [str(Path(place).resolve().parent) for place in found.submodule_search_locations]
    return [str(Path(found.origin).resolve().parent)] if found.origin and os.path.exists(found.origin) else []


def _python_folders() -> list[str]:
    """Where the standard library and the interpreter's own shared libraries are."""
    variables = [sysconfig.get_config_var(name) for name in ("LIBDIR", "DESTSHARED")]
    paths = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), *variables]
    base = [os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")]
    return [os.path.realpath(path) for path in [*base, *paths] if path and os.path.isdir(path)]


# ---- in the zygote --------------------------------------------------------------------------------------------------


def warm_up(cache: str, names: Iterable[str]) -> None:
    """Import the libraries, and call what they import or make when they are first used."""
    folder = os.path.join(cache, "matplotlib")
    with contextlib.suppress(OSError):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    # Its own folder as home: nothing is read from the user's settings.
    os.environ.update(ENVIRONMENT, HOME=cache, MPLCONFIGDIR=folder)
    warnings.simplefilter("ignore")
    tops = {name.partition(".")[0] for name in names}
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as problem:
            raise SandboxError(f"imports names {name!r}, which cannot be imported: {problem}") from problem
    for top in [name for name in WARM if name in tops]:
        WARM[top]()
    for name in _LATE:
        importlib.import_module(name)


def _pandas() -> None:
    import pandas

    with contextlib.suppress(ImportError):  # its threads would not live in a worker
        import pyarrow

        pyarrow.set_cpu_count(1)
    text = "when,place,value\n2024-01-01,a,1.5\n2024-01-02,b,\n2024-01-03,a,3.5\n"
    frame = pandas.read_csv(io.StringIO(text), parse_dates=["when"])
    frame["more"] = frame["value"].fillna(frame["value"].median()) * 2
    frame.groupby("place")["value"].agg(["mean", "count"]), frame.describe(), frame.isna().sum(), frame.dtypes
    frame.merge(frame, on="place"), frame.pivot_table(index="place", values="value"), frame.sort_values("value")
    frame.set_index("when").resample("D").sum(numeric_only=True), pandas.get_dummies(frame, columns=["place"])
    frame.to_csv(io.StringIO(), index=False), frame.to_json(), repr(frame), frame.to_string(), frame.dropna().head(1)
    frame["place"].str.upper(), frame["value"].astype(str), frame.corr(numeric_only=True), frame.drop_duplicates()
    with contextlib.suppress(KeyError):
        frame["none"]
    with contextlib.suppress(ValueError):
        pandas.to_numeric(pandas.Series(["x"]))


def _matplotlib() -> None:
    import matplotlib
    from matplotlib import pyplot

    matplotlib.use("Agg")
    figure, axes = pyplot.subplots(1, 2)
    axes[0].plot([0, 1], [0, 1], label="a")
    axes[0].scatter([0, 1], [1, 0])
    axes[0].set_title("Title")
    axes[0].set_xlabel("$x^2$")
    axes[0].legend()
    axes[1].hist([1, 2, 2])
    axes[1].bar(["a", "b"], [1, 2])
    figure.tight_layout()
    figure.colorbar(axes[1].imshow([[0, 1], [1, 0]]))
    figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")
    pyplot.close("all")


def _sklearn() -> None:
    import numpy
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.metrics import mean_squared_error
    from sklearn.model_selection import cross_val_score, train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x = numpy.arange(40.0).reshape(20, 2)
    y = x[:, 0] * 2
    parts = train_test_split(x, y, random_state=0)
    model = make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression()).fit(parts[0], parts[2])
    mean_squared_error(parts[3], model.predict(parts[1]))
    cross_val_score(model, x, y, cv=2)
    LogisticRegression().fit(x, y > 20).predict_proba(x)
    RandomForestRegressor(n_estimators=2).fit(x, y).predict(x)
    repr(model)
    with contextlib.suppress(ValueError):
        LinearRegression().fit([[float("nan")]], [1.0])


def _torch() -> None:
    import torch

    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1)
    network = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    optimiser = torch.optim.Adam(network.parameters())
    loss = torch.nn.functional.mse_loss(network(torch.rand(8, 2)), torch.rand(8, 1))
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    repr(loss), repr(network), loss.item()
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    torch.load(io.BytesIO(buffer.getvalue()))


WARM: dict[str, Callable[[], None]] = {
    "pandas": _pandas,
    "matplotlib": _matplotlib,
    "sklearn": _sklearn,
    "torch": _torch,
}

_LATE = (
    "pathlib",
    "tempfile",
    "shutil",
    "glob",
    "sqlite3",
    "zipfile",
    "gzip",
    "pickle",
    "asyncio",
    "threading",
    "logging",
)
"""Of the standard library: what files are worked with."""
