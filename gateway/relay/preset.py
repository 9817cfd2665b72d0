"""What an agent puts into every request: its system prompt where the client sends none, its knobs as defaults."""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.canon.dialogue import Dialogue, Knobs, ThinkingWish, Turn
from gateway.canon.parts import Text
from gateway.config.model import Agent

THINKING = ("reasoning_effort", "thinking_budget")
SYSTEM = ("system", "developer")
_SAID_AS = {
    "stop_sequences": "stop",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "reasoning": "thinking",
    "reasoning_effort": "thinking",
    "thinking_config": "thinking",
    "output_config": "thinking",
}
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


class Preset:
    """One agent's. `asked` is the name it has routed: its model, pinned to its upstream where it names one."""

    def __init__(self, agent: Agent) -> None:
        self.id = agent.id
        self.asked = f"{agent.upstream}/{agent.model}" if agent.upstream else agent.model
        self._prompt = agent.system_prompt
        self._locked = frozenset(agent.lock)
        self._knobs = agent.knobs()

    def applied(self, dialogue: Dialogue, dialect: str) -> Dialogue:
        """A copy with the preset in it. A locked knob is the agent's even where the agent leaves it unset."""
        return replace(
            dialogue,
            turns=self._turns(dialogue.turns),
            knobs=self._sampling(dialogue.knobs, dialect),
            thinking=self._thinking(dialogue.thinking),
        )

    def own(self, dialogue: Dialogue) -> frozenset[str]:
        """Those wishes of `applied(dialogue)` that are the agent's and not the client's: names of knobs, "thinking"."""
        names = {
            name
            for name in self._knobs.keys() - THINKING
            if name in self._locked or getattr(dialogue.knobs, name) in (None, [])
        }
        thinking = self._thinking(dialogue.thinking)
        return frozenset(names | {"thinking"} if thinking not in (None, dialogue.thinking) else names)

    def _turns(self, turns: list[Turn]) -> list[Turn]:
        if "system_prompt" in self._locked:
            turns = [turn for turn in turns if turn.role not in SYSTEM]
        elif any(_says_something(turn) for turn in turns if turn.role in SYSTEM):
            return turns
        return [Turn("system", [Text(self._prompt)]), *turns] if self._prompt.strip() else turns

    def _sampling(self, wished: Knobs, dialect: str) -> Knobs:
        ours = {name: value for name, value in self._knobs.items() if name not in THINKING}
        if "stop" in ours:
            ours["stop"] = list(ours["stop"])
        kept = {name for name in ours if name not in self._locked and getattr(wished, name) not in (None, [])}
        knobs = replace(wished, **{name: value for name, value in ours.items() if name not in kept})
        for name in self._locked - ours.keys() - {"system_prompt", *THINKING}:
            setattr(knobs, name, [] if name == "stop" else None)
        if dialect == "completions":
            knobs.n = None  # an agent gives one answer on this route, whatever was asked
        return knobs

    def _thinking(self, wished: ThinkingWish | None) -> ThinkingWish | None:
        effort, budget = self._knobs.get("reasoning_effort"), self._knobs.get("thinking_budget")
        locked = self._locked.intersection(THINKING)
        if wished is not None and not locked:
            return wished
        if effort is None and budget is None:
            return None if locked else wished
        if effort == "none" or (budget == 0 and effort is None):
            return ThinkingWish("off", effort=effort)
        shown, summary = (wished.shown, wished.summary) if wished is not None else (None, None)
        return ThinkingWish("on", budget, effort, shown, summary)


def wish_of(path: str) -> str:
    """The wish a lost field of whatever dialect stands for, as `Preset.own` names it; "" for a deeper one."""
    field = path.removeprefix("generationConfig.").removesuffix(".budget")
    field = _CAPITAL.sub(r"_\1", field).lower()
    return _SAID_AS.get(field, field) if "." not in field and "[" not in field else ""


def _says_something(turn: Turn) -> bool:
    return any(isinstance(part, Text) and part.text.strip() for part in turn.parts)
