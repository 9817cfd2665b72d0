"""What is measured. A scenario is one request, and how often it is sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

CLIENT_KEY = "sk-bench-client"
Protocol = Literal["chat", "messages"]

_TURN = {"role": "user", "content": "Write a short story about a lighthouse keeper. " * 6}
_PATHS: dict[Protocol, str] = {"chat": "/v1/chat/completions", "messages": "/v1/messages"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """`model` begins with the provider's family (gpt, gemini, claude). A whole answer counts as one chunk.

    `interval_ms` between two chunks, 0: all at once; `delay_ms` before the answer; `connections` clients at once;
    `rate` requests per second whatever the answers do, None: every client sends as soon as it has its answer.
    """

    name: str
    protocol: Protocol
    family: str
    connections: int
    chunks: int = 1
    stream: bool = False
    interval_ms: int = 0
    delay_ms: int = 0
    rate: float | None = None

    @property
    def model(self) -> str:
        return f"{self.family}-bench-d{self.delay_ms}-c{self.chunks}-i{self.interval_ms}"

    def request(self) -> bytes:
        """The HTTP request, head and body."""
        document: dict[str, Any] = {"model": self.model, "max_tokens": 1024, "messages": [_TURN]}
        if self.protocol == "chat":
            document["messages"] = [{"role": "system", "content": "You are a helpful assistant."}, _TURN]
            document["temperature"] = 0.7
        else:
            document["system"] = "You are a helpful assistant."
        if self.stream:
            document["stream"] = True
            if self.protocol == "chat":
                document["stream_options"] = {"include_usage": True}
        body = json.dumps(document).encode()
        head = (
            f"POST {_PATHS[self.protocol]} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {CLIENT_KEY}\r\n"
            f"anthropic-version: 2023-06-01\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


SCENARIOS = (
    Scenario("whole chat -> openai", "chat", "gpt", 64),
    Scenario("whole chat -> gemini", "chat", "gemini", 64),
    Scenario("whole messages -> openai", "messages", "gpt", 64),
    Scenario("whole chat -> anthropic", "chat", "claude", 64),
    Scenario("burst chat -> openai", "chat", "gpt", 16, chunks=200, stream=True),
    Scenario("burst chat -> gemini", "chat", "gemini", 16, chunks=200, stream=True),
    Scenario("paced chat -> openai", "chat", "gpt", 64, chunks=30, stream=True, interval_ms=10),
    Scenario("paced chat -> gemini", "chat", "gemini", 64, chunks=30, stream=True, interval_ms=10),
    Scenario("long chat -> openai", "chat", "gpt", 32, chunks=300, stream=True, interval_ms=10),
    Scenario("long chat -> gemini", "chat", "gemini", 32, chunks=300, stream=True, interval_ms=10),
    Scenario("latency chat -> openai", "chat", "gpt", 16, delay_ms=5, rate=50),
    Scenario("latency chat -> gemini", "chat", "gemini", 16, delay_ms=5, rate=50),
)
