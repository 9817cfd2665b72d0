"""What a scripted provider does with one request."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.scripted.answer import Answer, spoken

Cut = Literal["close", "reset", "end"]
"""How a connection goes: closed without the last chunk, TCP reset, or a proper HTTP end (the events just stop)."""


@dataclass(frozen=True, slots=True)
class Error:
    """A provider's error, worded by the dialect."""

    status: int
    message: str = "scripted error"
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """Seconds throughout; events are counted from 0 over the stream, `*_after` count content events (words, thinking,
    tool pieces).

    `before` "reset" or "silence": what happens instead of a response head. `head_delay` comes before the head,
    `first_delay` between the head and the first event, `first_content_delay` before the first content event, `pace`
    before every later content event. `cut_after` n content events (plus `cut_bytes` of the next one) the connection
    goes by `cut`; after `stall_after` n nothing is sent for `stall` seconds. `error_after` n sends an error event and
    ends.
    `malformed_at` replaces that event by one that is not JSON. `end_mark` False leaves out [DONE] or message_stop.
    `split` sends so many bytes at a time. `body` stands for the whole body as it is. `form` overrides what was asked:
    "whole" or "stream". `chunked` sends a whole answer without its length. `gate` is waited for after the
    first content event.
    """

    answer: Answer = field(default_factory=lambda: Answer(("ok",)))
    error: Error | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes | None = None
    form: Literal["", "whole", "stream"] = ""
    before: Literal["", "reset", "close", "silence"] = ""
    head_delay: float = 0.0
    first_delay: float = 0.0
    first_content_delay: float = 0.0
    pace: float = 0.0
    cut_after: int | None = None
    cut_bytes: int = 0
    cut: Cut = "close"
    stall_after: int | None = None
    stall: float = 30.0
    error_after: int | None = None
    error_event: Error = Error(500)
    malformed_at: int | None = None
    end_mark: bool = True
    split: int = 0
    gzip: bool = False
    chunked: bool = False
    gate: threading.Event | None = None
    content_length: int | None = None
    refuse_trailing_assistant: bool = False


def text(said: str, **more: object) -> Script:
    """A healthy answer of these words."""
    return Script(answer=Answer(spoken(said)), **more)  # type: ignore[arg-type]


def failing(status: int, message: str = "scripted error", code: str | None = None, **headers: str) -> Script:
    """An error of this status; `retry_after="2"` becomes the header Retry-After."""
    return Script(
        error=Error(status, message, code), status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def json_body(document: object, status: int = 200) -> Script:
    return Script(body=json.dumps(document).encode(), status=status)
