"""All SDKs of the contract."""

from __future__ import annotations

from typing import Any

from tests.contract.sdks.anthropic_messages import AnthropicMessages
from tests.contract.sdks.google_genai import GoogleGenai
from tests.contract.sdks.openai_chat import OpenAIChat
from tests.contract.sdks.openai_completions import OpenAICompletions
from tests.contract.sdks.openai_responses import OpenAIResponses

SDKS: dict[str, Any] = {
    each.name: each for each in (OpenAIChat, OpenAIResponses, OpenAICompletions, AnthropicMessages, GoogleGenai)
}


def able_to(*what: str) -> list[str]:
    """The names of the SDKs whose protocol can say all of `what`."""
    return [name for name, sdk in SDKS.items() if all(each in sdk.able for each in what)]
