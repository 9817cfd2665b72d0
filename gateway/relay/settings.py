"""What the relay is told once, at wiring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.canon.profile import Profile
from gateway.relay.affinity import Affinity
from gateway.relay.asking import ANSWER_LIMIT
from gateway.relay.media import MediaPolicy
from gateway.relay.remembered import Remembered


@dataclass(slots=True, frozen=True)
class RelaySettings:
    """Seconds and switches of [server] and [routing]; `profile_for` the facts about a target model; `remembered` the
    signatures of tool calls; `media` what becomes of pictures and files; `affinity` keeps conversations with their
    accounts, None where that is not wanted; `answer_limit` the bytes of a whole answer that has to be held; `tracing`
    whether providers are told a request's place in a trace."""

    max_attempts: int
    request_timeout_s: float
    keepalive_s: float
    hold_thinking_s: float
    resume: str
    strict: bool
    profile_for: Callable[[str], Profile]
    remembered: Remembered
    media: MediaPolicy
    affinity: Affinity | None = None
    answer_limit: int = ANSWER_LIMIT
    tracing: bool = False
