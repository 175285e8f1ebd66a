"""The desk for an environment whose action is a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from codeact.errors import TaskError
from codeact.tools import Approve
from codeact.values import Image
from codeact_adapters._mcp.serving.answers import blocks, picture, told
from codeact_adapters._mcp.serving.desk import Answer, Desk

if TYPE_CHECKING:
    import gymnasium

    from codeact.tools import Toolbox


class WorldDesk(Desk):
    """One episode after the other in an environment."""

    def __init__(
        self, key: str, policy: Approve | None, asks: bool, make: Callable[[], gymnasium.Env[Any, Any]]
    ) -> None:
        super().__init__(key, policy, asks)
        self._make = make
        self._env: gymnasium.Env[Any, Any] | None = None
        self._observation = ""
        self._told: dict[str, Any] = {}

    async def look(self) -> tuple[str, list[str]]:
        work = self.begin("open", {})
        await work.next()
        box: Toolbox = work.outcome.result().data["tools"]
        return box.stubs(), list(box.tools)

    def do_open(self) -> Answer:
        return Answer([], {"tools": self._made().unwrapped.tools})  # type: ignore[attr-defined]

    def do_reset(self, seed: int = 0) -> Answer:
        observation, info = self._made().reset(seed=seed)
        self._observation = str(observation)
        instruction = str(info.get("instruction", ""))
        self._told = {"seed": seed, "instruction": instruction, "score": 0.0, "success": False, "over": False}
        return self._answer(f"{instruction}\n\n{self._observation}".strip())

    def do_step(self, code: str) -> Answer:
        from gymnasium.error import ResetNeeded

        try:
            observation, reward, terminated, truncated, info = self._made().step(code)
        except ResetNeeded as problem:
            raise TaskError(f"{problem}; call reset first") from None
        self._observation = str(observation)
        self._told |= {
            "reward": float(reward),
            "score": float(info.get("score", 0.0)),
            "success": bool(info.get("success", False)),
            "over": bool(terminated or truncated),
            "limit": info.get("limit"),
            "violations": [str(each) for each in info.get("violations", ())],
        }
        answer = self._answer(f"{self._observation}\n\n{self._summary()}")
        execution = info.get("execution")
        if execution is None:
            return answer
        pictures = [block for block in blocks(execution, self.key)[1:] if block.type == "image"]
        return Answer([*answer.content, *pictures], {**answer.data, **told(execution)}, failed=not execution.ok)

    def do_observation(self) -> Answer:
        self._require_reset()
        return self._answer(self._observation)

    def do_score(self) -> Answer:
        self._require_reset()
        return self._answer(self._summary())

    def do_image(self) -> Answer:
        self._require_reset()
        frame: Any = self._made().render()
        if isinstance(frame, list) and frame:
            frame = frame[-1]
        if not isinstance(frame, np.ndarray):
            raise TaskError("this environment draws no pictures")
        return Answer([picture(Image(frame.astype(np.uint8)))], {"ok": True})

    def interrupt(self) -> object:
        env = self._env
        interrupt = getattr(env.unwrapped, "interrupt", None) if env is not None else None
        return interrupt() if interrupt is not None else None

    def _made(self) -> gymnasium.Env[Any, Any]:
        if self._env is None:
            self._env = env = self._make()
            if not hasattr(env.unwrapped, "tools"):
                raise TaskError(f"the actions of {env.spec.id if env.spec else env} are no programs")
            env.unwrapped.approve = self.approve  # type: ignore[attr-defined]
        return self._env

    def _require_reset(self) -> None:
        if not self._told:
            raise TaskError("there was no reset in this session; call reset first")

    def _answer(self, text: str) -> Answer:
        from mcp_types import TextContent

        return Answer([TextContent(text=text)], dict(self._told))

    def _summary(self) -> str:
        told = self._told
        lines = [f"score {told['score']:.3f}, {'success' if told['success'] else 'no success yet'}"]
        if told["over"]:
            lines[0] += f"; the episode is over{': ' + str(told['limit']) if told.get('limit') else ''}"
        return "\n".join([*lines, *(f"violation: {each}" for each in told.get("violations", ()))])

    def _let_go(self) -> None:
        if self._env is not None:
            self._env.close()
