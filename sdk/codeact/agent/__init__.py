"""Agents: they turn observations into programs until the task is done or a budget ends.

`CodeActAgent` asks a model, as its `AgentSettings` say. `ProgramAgent` plays given programs. An agent of your own has a
`name`, an `approve` policy, `begin(brief, on_event)` and `act(observation, on_event)`.
"""

from __future__ import annotations

from codeact.agent.budget import Spent
from codeact.agent.code_act import CodeActAgent
from codeact.agent.program_agent import ProgramAgent
from codeact.agent.protocol import Action, Agent, Brief
from codeact.agent.settings import AgentSettings
from codeact.agent.skills import Skill

__all__ = ["Action", "Agent", "AgentSettings", "Brief", "CodeActAgent", "ProgramAgent", "Skill", "Spent"]
