"""One record a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NOT_KEPT = ("tries", "trace")


@dataclass(slots=True)
class Record:
    """Times in unix seconds and seconds. Nothing here is secret: no key, no query, no body.

    `input_tokens` are all of the prompt, cached and cache-written ones included, `output_tokens` all of the answer,
    reasoning included; `source` says who counted them: the provider, or the gateway by estimate ("counted").
    `affinity`: the account the conversation belongs to answered ("kept"), another one ("moved"), or it was at none yet
    ("new"); "" where there was no choice. `session` is what the client's headers call it (relay.affinity).
    `cost_usd` is None where the price table does not know the model. `waited_s` is the part of `seconds` in which the
    gateway waited for providers or paused before asking one again. `tries` (relay.call.Attempted) and `trace` are for
    traces and not kept.
    """

    at: float
    id: str
    method: str
    path: str
    client: str
    key: str
    status: int
    seconds: float
    asked: str = ""
    mapped: str = ""
    mode: str = ""
    upstream: str = ""
    account: str = ""
    stream: bool = False
    ended: str = ""
    finish: str = ""
    error: str = ""
    first_content_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    source: str = "none"
    cost_usd: float | None = None
    attempts: list[str] = field(default_factory=list)
    losses: int = 0
    affinity: str = ""
    session: str = ""
    waited_s: float | None = None
    provider_request_id: str = ""
    tries: Sequence[Any] = ()
    trace: str = ""

    def line(self) -> str:
        """For people: one line, whatever a client calls its model."""
        said: list[Any] = [self.status, self.method, self.path]
        if self.asked:
            said.append(self.asked if self.asked == self.mapped or not self.mapped else f"{self.asked}->{self.mapped}")
        if self.upstream:
            said.append(f"{self.upstream}/{self.account}" if self.account else self.upstream)
        said += [word for word in (self.mode, "stream" if self.stream else "") if word]
        if self.input_tokens is not None:
            said.append(f"tokens={self.input_tokens}+{self.output_tokens}")
        if len(self.attempts) > 1 or (self.attempts and self.error):
            said.append(f"attempts=[{'; '.join(self.attempts)}]")
        elif self.attempts and "use=" in self.attempts[0]:
            said.append(self.attempts[0].partition(" ")[0])
        said += [f"affinity={self.affinity}"] if self.affinity else []
        said += [f"session={self.session}"] if self.session else []
        said += [f"ended={self.ended}"] if self.ended not in ("", "complete") else []
        said += [f"error={self.error}"] if self.error else []
        if self.first_content_s is not None:
            said.append(f"first={self.first_content_s:.3f}s")
        said += [f"{self.seconds:.3f}s", self.id]
        line = " ".join(str(word) for word in said)
        return (
            line if line.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)
        )

    def document(self) -> dict[str, Any]:
        """For machines: the same facts, absent ones left out."""
        return {name: value for name in KEPT if (value := getattr(self, name)) not in (None, "", [])}


KEPT = tuple(name for name in Record.__slots__ if name not in NOT_KEPT)
"""The fields of a record as it is stored and printed."""
