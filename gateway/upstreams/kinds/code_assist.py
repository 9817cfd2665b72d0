"""Gemini Code Assist, by OAuth accounts: Gemini's own dialect inside the v1internal envelope.

Nothing of any product is built in: the OAuth client, the metadata and the user agent are the operator's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from gateway.canon.profile import Profile
from gateway.config.model import Upstream as Settings
from gateway.upstreams.code_assist.envelope import Envelope
from gateway.upstreams.code_assist.project import Projects
from gateway.upstreams.transport.exchange import Exchange
from gateway.upstreams.upstream import Operation, Surroundings, Upstream
from gateway.upstreams.wrapper import Errand

_METHODS: dict[str, str] = {
    "generate": "generateContent",
    "stream": "streamGenerateContent?alt=sse",
    "count": "countTokens",
    "models": "fetchAvailableModels",
    "load": "loadCodeAssist",
    "onboard": "onboardUser",
}


class CodeAssist(Upstream):
    kind = "code_assist"
    provider = "gcp.gemini"
    dialect = "gemini"
    counts = True
    families = ("gemini-*",)
    response_headers = (*Upstream.response_headers, "server-timing", "x-cloudaicompanion-trace-id")

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self.projects = Projects(self._ask, settings.metadata)
        self.wrapper = Envelope(self.projects.of, settings.user_agent)

    def url(self, base: str, operation: Operation, model: str) -> str:
        return f"{base}/v1internal:{_METHODS[operation]}"

    def credentials(self, secret: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {secret}"} if secret else {}

    def headers_for(self, secret: str) -> dict[str, str]:
        """Built anew each time: access tokens come and go by the hour."""
        return {**self._fixed, **self.credentials(secret)}

    def fitted(self, profile: Profile) -> Profile:
        """v1internal knows thinkingBudget only."""
        return profile if profile.thinking in ("none", "budget") else replace(profile, thinking="budget")

    def _ask(self, operation: str, body: bytes, errand: Errand) -> Exchange:
        return self.open(
            cast(Operation, operation),
            "",
            body,
            secret=errand.secret,
            proxy=errand.proxy,
            head_timeout=30.0,
            deadline=errand.deadline,
            on_open=errand.on_open,
        )


UPSTREAM = CodeAssist
