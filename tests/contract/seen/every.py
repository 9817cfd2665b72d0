"""A reader for every dialect of providers."""

from __future__ import annotations

from tests.contract.seen import anthropic, chat, gemini, responses
from tests.contract.seen.seen import Read

READERS: dict[str, Read] = {
    "chat": chat.read,
    "responses": responses.read,
    "anthropic": anthropic.read,
    "gemini": gemini.read,
}
