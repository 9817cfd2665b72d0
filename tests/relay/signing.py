"""A Gemini 3 that signs the first call of every step and refuses a history that does not bring the signature back."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from tests.scripted import gemini
from tests.scripted.script import Error, Script
from tests.scripted.script import text as text_script
from tests.scripted.upstream import Request, ScriptedUpstream


class SigningGemini(ScriptedUpstream):
    """Two parallel calls a step for `steps` steps, then a text. `signatures` are all that were given out, `complaints`
    what was wrong with histories. With `ids` the calls carry ids, as newer models give."""

    def __init__(self, steps: int = 2, *, ids: bool = False) -> None:
        super().__init__()
        self.signatures: list[str] = []
        self.complaints: list[str] = []
        self._steps = steps
        self._ids = ids
        self._count = 0
        self._signed: dict[int, str] = {}

    def _script(self, request: Request) -> Script:
        models = [content for content in request.body["contents"] if content.get("role") == "model"]
        for content in models:
            complaint = self._wrong(content)
            if complaint:
                self.complaints.append(complaint)
                return Script(status=400, error=Error(400, f"missing thought_signature: {complaint}"))
        if len(models) >= self._steps:
            return text_script("all done")
        parts = self._step()
        if not request.stream:
            return Script(body=json.dumps(_document(parts, "STOP")).encode())
        body = b"".join(gemini.sse(_document([part])) for part in parts) + gemini.sse(_document([{"text": ""}], "STOP"))
        return Script(body=body, content_type="text/event-stream")

    def _step(self) -> list[dict[str, Any]]:
        signature = base64.b64encode(os.urandom(1501)).decode()
        self.signatures.append(signature)
        look, count = self._call("look"), self._call("count")
        self._signed[look["args"]["n"]] = signature
        return [
            {"text": "I will look.", "thought": True},
            {"functionCall": look, "thoughtSignature": signature},
            {"functionCall": count},
        ]

    def _call(self, name: str) -> dict[str, Any]:
        self._count += 1
        call: dict[str, Any] = {"name": name, "args": {"n": self._count}}
        return {**call, "id": f"fc-{os.urandom(6).hex()}"} if self._ids else call

    def _wrong(self, content: dict[str, Any]) -> str:
        called = [part for part in content["parts"] if "functionCall" in part]
        for part in called:
            number = part["functionCall"]["args"]["n"]
            wanted, given = self._signed.get(number), part.get("thoughtSignature")
            if given != wanted:
                return f"call {number} came back with {str(given)[:40]!r} instead of {str(wanted)[:40]!r}"
        return ""


def _document(parts: list[dict[str, Any]], finish: str = "") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 5, "totalTokenCount": 10}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3-pro", "responseId": "r"}
