"""A streamed answer (`alt=sse`) to events.

The stream has no end mark: Finish is held until `close`, since usage may come after the finish reason.
https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from __future__ import annotations

from typing import Any

from gateway.canon import events as ev
from gateway.canon.fault import Fault
from gateway.protocols.gemini.candidates import Candidates
from gateway.protocols.gemini.errors import fault_of
from gateway.protocols.names import NameMap
from gateway.protocols.sse import Blocks, EventTooLarge, events_of
from gateway.protocols.wire_json import NOT_JSON, loads_each

MEANT = ("candidates", "promptFeedback", "usageMetadata", "responseId", "modelVersion")


class GeminiReader:
    def __init__(self, names: NameMap | None = None) -> None:
        self.ending = False
        self.skipped = 0
        self._blocks = Blocks()
        self._candidates = Candidates(names)
        self._over = False

    def feed(self, data: bytes) -> list[ev.Event]:
        if self._over:
            return []
        try:
            whole = self._blocks.feed(data)
        except EventTooLarge as error:
            return self._fail(Fault(502, f"the provider sent too much: {error}", code="upstream_error"))
        return self._read(whole) if whole else []

    def close(self) -> list[ev.Event]:
        if self._over:
            return []
        rest = self._blocks.close()
        events = self._read(rest) if rest else []
        return events + self._ended()

    def _ended(self) -> list[ev.Event]:
        if self._over:
            return []
        if not self._candidates.finished:
            return self._fail(Fault(502, self._cut(), code="upstream_error", from_upstream=True))
        self._over = True
        return self._candidates.end()

    def _cut(self) -> str:
        if self.skipped:
            return f"the provider's stream ended without a finish reason ({self.skipped} unreadable events)"
        return "the provider's stream ended before the answer was complete"

    def _fail(self, fault: Fault) -> list[ev.Event]:
        self._over = True
        return [*self._candidates.last_usage(), ev.Failure(fault)]

    def _read(self, whole: bytes) -> list[ev.Event]:
        events: list[ev.Event] = []
        payloads = _payloads(whole)
        for data, chunk in zip(payloads, loads_each(payloads), strict=True):
            if chunk is NOT_JSON:
                if data.strip() not in (b"", b"[DONE]"):
                    self.skipped += 1
                continue
            self._chunk(chunk, events)
            if self._over:
                break
        self.ending = self._candidates.finished
        return events

    def _chunk(self, chunk: Any, events: list[ev.Event]) -> None:
        if isinstance(chunk, list) and len(chunk) == 1:
            chunk = chunk[0]
        if isinstance(chunk, dict) and "candidates" not in chunk and isinstance(chunk.get("response"), dict):
            # Code Assist wraps every response in {"response": ..., "traceId": ...}.
            chunk = chunk["response"]
        if not isinstance(chunk, dict):
            self.skipped += 1
        elif chunk.get("error") is not None:
            events += self._fail(fault_of(chunk["error"]))
        elif "candidates" in chunk or any(key in chunk for key in MEANT):
            events += self._candidates.chunk(chunk)


def _payloads(whole: bytes) -> list[bytes]:
    """The data of every event; a mid-stream error also comes as plain JSON, with no `data:` before it."""
    if whole[:5] == b"data:" and b"\n\n{" not in whole and b"\n\n[" not in whole:
        return [data for _, data in events_of(whole)]
    found: list[bytes] = []
    for block in whole.split(b"\n\n"):
        if block.lstrip()[:1] in (b"{", b"["):
            found.append(block)
        else:
            found.extend(data for _, data in events_of(block + b"\n\n"))
    return found
