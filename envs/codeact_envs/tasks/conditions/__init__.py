"""Conditions that goals are made of, by what they judge. What they have in common, and how to add one, is in `base`.

A module here is imported with the package, so that task files can name its conditions.
"""

from importlib import import_module
from pkgutil import iter_modules

from codeact_envs.tasks.conditions.base import (
    CONDITIONS,
    Cast,
    Condition,
    PlaceCondition,
    PlaceGoal,
    Reading,
    Reference,
    Role,
    approach,
    condition,
)

__all__ = [
    "CONDITIONS",
    "Cast",
    "Condition",
    "PlaceCondition",
    "PlaceGoal",
    "Reading",
    "Reference",
    "Role",
    "approach",
    "condition",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
