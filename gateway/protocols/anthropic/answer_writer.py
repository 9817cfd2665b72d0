"""Our events to a stream of message events for a client.

Blocks come one after another on this wire: what arrives for a later part while one is open waits for its
stop. Order (behaviours AM-S10): message_start, the blocks, message_delta with the final usage, message_stop.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.canon import events as ev
from gateway.canon.parts import Part
from gateway.canon.usage import Usage
from gateway.protocols.anthropic.blocks_answer import new_message_id
from gateway.protocols.anthropic.blocks_stream import StreamBlock, stream_block
from gateway.protocols.anthropic.errors import error_document
from gateway.protocols.anthropic.stop_reasons import write_reason
from gateway.protocols.anthropic.usage import write_usage
from gateway.protocols.dialect import Asked
from gateway.protocols.wire_json import dumps_sse

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_END = b"}}\n\n"


class AnswerWriter:
    """See dialect.AnswerWriter. Only choice 0 is written: the dialect has one answer."""

    keepalive = PING
    media_type = "text/event-stream"

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._id = ""
        self._opened = False
        self._over = False
        self._usage: Usage | None = None
        self._blocks: dict[int, StreamBlock] = {}
        self._waiting: list[StreamBlock] = []
        self._current: StreamBlock | None = None
        self._next = 0
        self._text_part = -1
        self._text_prefix = b""

    def write(self, events: Iterable[ev.Event]) -> bytes:
        out: list[bytes] = []
        for event in events:
            if type(event) is ev.TextDelta and event.index == self._text_part:
                out.append(self._text_prefix + dumps_sse(event.text) + _END)
            elif not self._over:
                self._write(event, out)
        if self._id and not self._opened and not self._over:
            self._open_message(out)
        return out[0] if len(out) == 1 else b"".join(out)

    def _write(self, event: ev.Event, out: list[bytes]) -> None:
        match event:
            case ev.Start(id):
                self._id = new_message_id(id)
            case ev.UsageUpdate(usage):
                self._usage = usage
            case ev.Failure(fault):
                self._over = True
                self._text_part = -1
                document = error_document(fault, self._asked.request_id)
                out.append(b"event: error\ndata: " + dumps_sse(document) + b"\n\n")
            case ev.Finish():
                if event.choice == 0:
                    self._finish(event, out)
            case ev.PartStart(index, part, choice):
                if choice == 0:
                    self._open_message(out)
                    self._part_start(index, part, out)
            case ev.PartStop(index):
                block = self._blocks.get(index)
                if block is not None:
                    block.stop()
                    if block is self._current:
                        self._advance(out)
            case _:
                block = self._blocks.get(event.index)
                if block is not None:
                    block.add(event)
                    if block is self._current:
                        self._pour(block, out)

    def _open_message(self, out: list[bytes]) -> None:
        if self._opened:
            return
        self._opened = True
        self._id = self._id or new_message_id("")
        message: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": self._asked.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_usage(self._usage, self._asked.prompt_tokens),
        }
        out.append(_event(b"message_start", {"type": "message_start", "message": message}))

    def _part_start(self, index: int, part: Part, out: list[bytes]) -> None:
        block = stream_block(part, self._asked.shows_thinking)
        self._blocks[index] = block
        if self._current is None:
            self._current = block
            self._pour(block, out)
            if block.live_text and block.wire_index >= 0:
                self._text_part = index
                self._text_prefix = block.delta_prefix("text_delta", "text")
        else:
            self._waiting.append(block)

    def _pour(self, block: StreamBlock, out: list[bytes]) -> None:
        self._next = block.pour(self._next, out)

    def _advance(self, out: list[bytes]) -> None:
        """The current block is stopped: it is closed, and the waiting ones follow while they are complete."""
        self._text_part = -1
        while self._current is not None:
            self._pour(self._current, out)
            if not self._current.stopped:
                if self._current.live_text and self._current.wire_index >= 0:
                    self._text_part = next(i for i, b in self._blocks.items() if b is self._current)
                    self._text_prefix = self._current.delta_prefix("text_delta", "text")
                return
            self._current = self._waiting.pop(0) if self._waiting else None

    def _finish(self, finish: ev.Finish, out: list[bytes]) -> None:
        self._open_message(out)
        self._over = True
        reason = write_reason(finish)
        delta: dict[str, Any] = {
            "stop_reason": reason,
            "stop_sequence": finish.stop_sequence if reason == "stop_sequence" else None,
        }
        usage = write_usage(self._usage, self._asked.prompt_tokens)
        out.append(_event(b"message_delta", {"type": "message_delta", "delta": delta, "usage": usage}))
        out.append(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def _event(name: bytes, document: dict[str, Any]) -> bytes:
    return b"event: " + name + b"\ndata: " + dumps_sse(document) + b"\n\n"
