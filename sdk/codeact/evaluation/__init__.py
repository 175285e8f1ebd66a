"""Many episodes: worker processes play them, a line records each, statistics say what they mean. And a task's gate."""

from codeact.evaluation.agents import make_agent
from codeact.evaluation.errors import EvaluationError, SelectionError
from codeact.evaluation.gate import Check, GateReport, check_task, check_tasks
from codeact.evaluation.results import EpisodeResult, read_results
from codeact.evaluation.runner import EvaluationResult, Progress, Running, evaluate
from codeact.evaluation.selection import find_tasks, parse_seeds, registered_tasks
from codeact.evaluation.statistics import Summary, summarize, wilson_interval
from codeact.evaluation.suite import Suite

__all__ = [
    "Check",
    "EpisodeResult",
    "EvaluationError",
    "EvaluationResult",
    "GateReport",
    "Progress",
    "Running",
    "SelectionError",
    "Suite",
    "Summary",
    "check_task",
    "check_tasks",
    "evaluate",
    "find_tasks",
    "make_agent",
    "parse_seeds",
    "read_results",
    "registered_tasks",
    "summarize",
    "wilson_interval",
]
