"""OpenAI and everything that speaks its dialect (vLLM, Ollama, OpenRouter, DeepSeek, Groq, ...).

https://platform.openai.com/docs/api-reference. Base URLs end in /v1, as in the SDKs.
"""

from __future__ import annotations

from gateway.config.model import DEFAULT_BASE_URLS
from gateway.config.model import Upstream as Settings
from gateway.upstreams.upstream import Operation, Surroundings, Upstream

_PATHS: dict[str, str] = {
    "models": "/models",
    "embed": "/embeddings",
    "embed_batch": "/embeddings",
    "count": "/responses/input_tokens",
    "compact": "/responses/compact",
}


class OpenAI(Upstream):
    kind = "openai"
    provider = "openai"
    fetches = ("https://", "http://")
    embeds = True
    request_headers = ("openai-*", "x-session-id", "http-referer", "x-title")
    response_headers = (*Upstream.response_headers, "openai-*")

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self.dialect = settings.speaks
        self._generate = "/responses" if settings.speaks == "responses" else "/chat/completions"
        self.counts = self.compacts = settings.speaks == "responses"
        if settings.base_urls == DEFAULT_BASE_URLS["openai"]:
            self.families = ("gpt-*", "chatgpt-*", "o1*", "o3*", "o4*", "codex-*")
            self.families += ("text-embedding-3-*", "text-embedding-ada-*")

    def url(self, base: str, operation: Operation, model: str) -> str:
        path = _PATHS.get(operation, self._generate)
        return f"{base}{path}?{model}" if operation == "models" and model else base + path

    def credentials(self, secret: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {secret}"} if secret else {}


UPSTREAM = OpenAI
