"""Makes the small world of tests/episode importable, here and in the worker processes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "episode"))
