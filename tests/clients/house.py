"""One gateway for every dialect of provider, so that each client may ask for the model names it knows."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from struct import pack
from typing import Any

from tests.contract.seen.every import READERS
from tests.contract.seen.seen import Seen
from tests.gateways import Client, Provider, Reply, config_for
from tests.running import RunningGateway
from tests.scripted.answer import Answer, ToolUse, spoken
from tests.scripted.script import Script
from tests.scripted.upstream import Request, ScriptedUpstream

DIALECTS = ("chat", "responses", "anthropic", "gemini")
MODELS = ("another-model", "claude-of-the-house")
"""What every provider lists; a gateway asks for it only now and then."""
ALIAS = "claude-by-another-name"
"""Claude Code lists only names with claude in them; the operator gives one to any model."""
KEY = "sk-clients-0123456789abcdef"


def config(up: ScriptedUpstream, dialect: str) -> str:
    """Two accounts that change with every request and rest for no time, so that no test waits for one."""
    return config_for(
        Provider(up, dialect, models=("*",), keys=("first", "second")),
        auth={"mode": "strict", "api_keys": [KEY]},
        routing={"max_attempts": 2, "rotation_count": 1, "cooldown_max_s": 0.001},
        server={"keepalive_s": 1},
        chain={ALIAS: ["another-model"]},
    )


@dataclass
class House:
    """`up` is the provider; `dialect` is its."""

    dialect: str
    gateway: RunningGateway
    up: ScriptedUpstream

    @property
    def url(self) -> str:
        return self.gateway.url

    def says(self, text: str, **more: Any) -> None:
        """Every request gets these words."""
        self.up.play(Script(answer=Answer(spoken(text)), **more))

    def calls(self, *tools: ToolUse, then: str) -> None:
        """The first request gets these calls, the others these words."""
        called = Answer(spoken("let me see"), tools=tools)
        self.up.play(Script(answer=called), Script(answer=Answer(spoken(then))))

    @property
    def asked(self) -> list[Request]:
        """Requests for an answer, in order; counts and lists are not among them."""
        return [each for each in self.up.asked() if not each.path.endswith(("count_tokens", ":countTokens"))]

    def seen(self, number: int = -1) -> Seen:
        """What the provider's own SDK types make of one of them."""
        return READERS[self.dialect](_without_novelties(self.asked[number].body, self.dialect))

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Reply:
        """As a Messages client, with the key; underscores in `headers` are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if not {"x-api-key", "authorization"} & set(named):
            named["x-api-key"] = KEY
        raw = json.dumps(body).encode()
        return Client(self.gateway.port).post(path, raw, named, protocol="messages").reply()


def _without_novelties(body: dict[str, Any], dialect: str) -> dict[str, Any]:
    """Clients pass through what is ahead of the SDK's types: Claude Code's ways of thinking, Codex's nameless tools and
    reasoning items without a seal."""
    body = dict(body)
    if dialect == "anthropic":
        body.pop("thinking", None)
    if dialect == "responses":
        body["tools"] = [tool for tool in body.get("tools") or () if "name" in tool]
        if isinstance(body["input"], list):
            body["input"] = [item for item in body["input"] if item.get("encrypted_content", "") is not None]
    return body


def picture(width: int = 16, height: int = 16) -> bytes:
    """A red PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xff\0\0" * width) * height
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        )
    )
