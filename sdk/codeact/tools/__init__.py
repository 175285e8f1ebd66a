"""Tools: Python functions and objects that a program may call, as it reads them and as the host checks them.

`tool` turns a function into a `Tool`; a `Toolbox` is an ordered set of tools and of named groups of tools, renders
itself as Python stubs for a prompt, and is what a sandbox is given. Arguments are validated at the boundary, and an
approval policy (`Approve`) may look at each call before it runs.
"""

from codeact.tools.approval import (
    Approval,
    Approve,
    Effect,
    PendingCall,
    Refusal,
    approve_all,
    ask_about_all,
    ask_in_terminal,
    refuse_effects,
    review,
)
from codeact.tools.approval_rules import Rule, approval
from codeact.tools.finish import finish_tool
from codeact.tools.tool import Tool, tool
from codeact.tools.toolbox import Toolbox

__all__ = [
    "Approval",
    "Approve",
    "Effect",
    "PendingCall",
    "Refusal",
    "Rule",
    "Tool",
    "Toolbox",
    "approval",
    "approve_all",
    "ask_about_all",
    "ask_in_terminal",
    "finish_tool",
    "refuse_effects",
    "review",
    "tool",
]
