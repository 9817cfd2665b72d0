"""Canon parts to Gemini parts of a request."""

from __future__ import annotations

import mimetypes
from typing import Any

from gateway.canon.dialogue import Loss
from gateway.canon.parts import Media, Opaque, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from gateway.canon.profile import Profile
from gateway.protocols.gemini.answer_parts import args_object
from gateway.protocols.gemini.signatures import AUTHOR
from gateway.protocols.names import NameMap
from gateway.protocols.wire_json import JSONDecodeError, loads_told

_MIME = {"image": "image/jpeg", "audio": "audio/wav", "video": "video/mp4", "document": "application/pdf"}
_GOOGLE_FILES = ("gs://", "https://", "http://", "files/")
Json = dict[str, Any]


class PartsWriter:
    """Writes the parts of one dialogue, noting losses under the path it is given."""

    def __init__(self, names: NameMap, profile: Profile) -> None:
        self.losses: list[Loss] = []
        self._names = names
        self._inside_results = profile.thinking == "level"

    def turn(self, parts: list[Part], path: str) -> list[Json]:
        written: list[Json] = []
        for place, part in enumerate(parts):
            following = parts[place + 1] if place + 1 < len(parts) else None
            self._part(part, following, written, f"{path}.parts[{place}]")
        return written

    def _part(self, part: Part, following: Part | None, written: list[Json], path: str) -> None:
        match part:
            case Text():
                own = part.extras.get("gemini", {})
                signature = own.get("thoughtSignature")
                if (part.text or signature) and not part.extras.get("anthropic", {}).get("attribution"):
                    signed = {"thoughtSignature": signature} if signature else {}
                    written.append({"text": part.text, **signed, **own.get("fields", {})})
            case Thinking():
                self._thinking(part, following, written, path)
            case Refusal(text):
                if text:
                    written.append({"text": text})
            case ToolCall():
                written.append(self._call(part, written))
            case ToolResult():
                self._result(part, written, path)
            case Media():
                media = self._media(part, path)
                if media is not None:
                    written.append(media)
            case Opaque(dialect, raw):
                if dialect == "gemini":
                    written.append(raw)
                else:
                    self.losses.append(Loss(path, f"only {dialect} knows this block ({raw.get('type')})"))

    def _thinking(self, part: Thinking, following: Part | None, written: list[Json], path: str) -> None:
        own = part.extras.get("gemini", {})
        signature = part.signature
        if (signature is not None and signature.author != AUTHOR) or part.redacted is not None:
            if part.text:
                self.losses.append(Loss(path, "thinking that another provider signed"))
            return
        if signature is None:
            if own.get("thought"):
                written.append({"text": part.text, "thought": True, **own.get("fields", {})})
            elif part.text:
                self.losses.append(Loss(path, "thinking that no Gemini model signed"))
            return
        if own.get("thought"):
            written.append(
                {
                    "text": part.text,
                    "thought": True,
                    "thoughtSignature": signature.value,
                    **own.get("fields", {}),
                }
            )
        elif isinstance(following, ToolCall) and following.signature is None and own.get("on") != "text":
            # Clients without a place for a call's signature carry it on the thinking before the call.
            if part.text:
                written.append({"text": part.text, "thought": True})
            written.append({_NEXT_CALL: signature.value})
        elif part.text:
            written.append({"text": part.text, "thought": True, "thoughtSignature": signature.value})
        else:
            written.append({"text": "", "thoughtSignature": signature.value})

    def _call(self, call: ToolCall, written: list[Json]) -> Json:
        own = call.extras.get("gemini", {})
        called: Json = {} if own.get("anonymous") else {"id": call.id}
        called["name"] = self._names.to_wire(call.name)
        called["args"] = args_object(call.arguments, call.freeform)
        called.update(own.get("inner", {}))
        part: Json = {"functionCall": called}
        moved = written.pop()[_NEXT_CALL] if written and _NEXT_CALL in written[-1] else None
        if call.signature is not None and call.signature.author == AUTHOR:
            part["thoughtSignature"] = call.signature.value
        elif moved is not None:
            part["thoughtSignature"] = moved
        part.update(own.get("fields", {}))
        return part

    def _result(self, result: ToolResult, written: list[Json], path: str) -> None:
        own = result.extras.get("gemini", {})
        answered: Json = {} if own.get("anonymous") else {"id": result.call_id}
        answered["name"] = self._names.to_wire(result.name or "unknown")
        if own.get("response") is not None:
            answered["response"] = own["response"]
        elif not own or result.parts:
            answered["response"] = _response(result)
        media = [
            written_media
            for number, part in enumerate(result.parts)
            if isinstance(part, Media) and (written_media := self._media(part, f"{path}.parts[{number}]")) is not None
        ]
        media += [part.raw for part in result.parts if isinstance(part, Opaque) and part.dialect == "gemini"]
        inside = self._inside_results or "response" in own
        if media and inside:
            answered["parts"] = media
        answered.update(own.get("inner", {}))
        written.append({"functionResponse": answered, **own.get("fields", {})})
        if media and not inside:
            written += media
        for part in result.parts:
            if isinstance(part, Opaque) and part.dialect != "gemini":
                self.losses.append(Loss(path, f"only {part.dialect} knows this block ({part.raw.get('type')})"))

    def _media(self, media: Media, path: str) -> Json | None:
        own = media.extras.get("gemini", {})
        inner: Json = {} if own.get("no_mime") else {"mimeType": media.mime or _guessed(media)}
        if media.data is not None:
            inner["data"] = media.data
            field = "inlineData"
        else:
            uri = media.url or media.file_id or ""
            if not uri.startswith(_GOOGLE_FILES):
                self.losses.append(Loss(path, f"a file ({uri[:60]}) that Gemini cannot reach"))
                return None
            inner["fileUri"] = uri
            field = "fileData"
        if media.name:
            inner["displayName"] = media.name
        if media.detail in ("low", "high"):
            self.losses.append(Loss(f"{path}.detail", "Gemini has no detail setting for one picture"))
        return {field: {**inner, **own.get("media", {})}, **own.get("fields", {})}


_NEXT_CALL = "\0signature"


def _guessed(media: Media) -> str:
    if media.url:
        guessed, _ = mimetypes.guess_type(media.url.partition("?")[0].partition("#")[0])
        if guessed and guessed.partition("/")[0] in ("image", "audio", "video", "application", "text"):
            return guessed
    return _MIME[media.kind]


def _response(result: ToolResult) -> Json:
    """An object stays one; any other text is {"result": text}, or {"error": ...} for a failed call."""
    texts = [part.text for part in result.parts if isinstance(part, Text | Refusal)]
    text = "\n".join(texts)
    if result.is_error:
        return {"error": text}
    if text.lstrip()[:1] == "{":
        try:
            value = loads_told(text)
        except JSONDecodeError:
            return {"result": text}
        if isinstance(value, dict):
            return value
    return {"result": text}
