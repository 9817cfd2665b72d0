"""The Gemini API by key. https://ai.google.dev/api/generate-content"""

from __future__ import annotations

from gateway.upstreams.upstream import Operation, Upstream, quoted

_METHODS: dict[str, str] = {
    "generate": ":generateContent",
    "stream": ":streamGenerateContent?alt=sse",
    "count": ":countTokens",
    "embed": ":embedContent",
    "embed_batch": ":batchEmbedContents",
}


class Gemini(Upstream):
    kind = "gemini"
    provider = "gcp.gemini"
    dialect = "gemini"
    counts = True
    fetches = (
        "gs://",
        "https://generativelanguage.googleapis.com/",
        "https://www.youtube.com/",
        "https://youtube.com/",
        "https://youtu.be/",
    )
    embeds = True
    families = ("gemini-*", "gemma-*", "learnlm-*", "embedding-*", "text-embedding-00*")
    request_headers = ("x-goog-api-client", "x-server-timeout")
    response_headers = (*Upstream.response_headers, "server-timing")

    def url(self, base: str, operation: Operation, model: str) -> str:
        if operation == "models":
            return f"{base}/v1beta/models?pageSize=1000" + (f"&{model}" if model else "")
        return f"{base}/v1beta/models/{quoted(model)}{_METHODS[operation]}"

    def credentials(self, secret: str) -> dict[str, str]:
        return {"x-goog-api-key": secret} if secret else {}


UPSTREAM = Gemini
