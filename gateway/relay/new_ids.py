"""Calls whose ids the conversation knows already get new ones before the client sees them.

Some servers count their calls anew in every answer (call_0, call_1). Clients that pair calls and results by id alone
take the second call_0 for the first and repeat themselves for ever, and Anthropic answers such a history with a 400
("`tool_use` ids must be unique").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from secrets import token_hex
from typing import Any

from gateway.canon import events as ev
from gateway.canon.answer import Answer
from gateway.canon.dialogue import Turn
from gateway.canon.parts import ToolCall
from gateway.protocols.dialect import AnswerReader, Dialect
from gateway.protocols.names import NameMap
from gateway.relay.retold import Retold


def known_ids(turns: Iterable[Turn]) -> frozenset[str]:
    """Of the calls in a history."""
    return frozenset(
        part.id for turn in turns if turn.role == "assistant" for part in turn.parts if type(part) is ToolCall
    )


def renaming(dialect: Dialect, known: frozenset[str]) -> Dialect:
    """The provider's dialect, reading no call by an id of `known`; itself where nothing is known."""
    if not known:
        return dialect

    def tell(events: list[ev.Event]) -> list[ev.Event]:
        for event in events:
            if type(event) is ev.PartStart and type(event.part) is ToolCall:
                _rename(event.part, known)
        return events

    def answer_reader(names: NameMap | None) -> AnswerReader:
        return Retold(dialect.answer_reader(names), tell)

    def read_answer(document: Any, names: NameMap | None) -> Answer:
        answer = dialect.read_answer(document, names)
        for choice in answer.choices:
            for part in choice.parts:
                if type(part) is ToolCall:
                    _rename(part, known)
        return answer

    return replace(dialect, answer_reader=answer_reader, read_answer=read_answer)


def _rename(call: ToolCall, known: frozenset[str]) -> None:
    if call.id in known:
        call.id = f"call_{token_hex(12)}"
