"""Complaints about one part of a content."""

from __future__ import annotations

import re
from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.gemini import spelling
from gateway.protocols.gemini.spelling import spelled
from gateway.protocols.media_url import check_media_url

_BASE64 = re.compile(r"[A-Za-z0-9+/_=\s-]*")


def check_part(part: Any, path: str) -> None:
    if not isinstance(part, dict):
        raise Malformed(path, "a part must be an object")
    part = spelled(part, spelling.PART)
    text = part.get("text")
    if text is not None and not isinstance(text, str):
        raise Malformed(f"{path}.text", "text must be a string")
    thought = part.get("thought")
    if thought is not None and not isinstance(thought, bool):
        raise Malformed(f"{path}.thought", "thought must be true or false")
    signature = part.get("thoughtSignature")
    if signature is not None and not isinstance(signature, str):
        raise Malformed(f"{path}.thoughtSignature", "thoughtSignature must be a base64 string")
    if part.get("functionCall") is not None:
        _check_call(part["functionCall"], f"{path}.functionCall")
    if part.get("functionResponse") is not None:
        _check_response(part["functionResponse"], f"{path}.functionResponse")
    if part.get("inlineData") is not None:
        _check_inline(part["inlineData"], f"{path}.inlineData")
    if part.get("fileData") is not None:
        _check_file(part["fileData"], f"{path}.fileData")


def _check_call(call: Any, path: str) -> None:
    if not isinstance(call, dict):
        raise Malformed(path, "functionCall must be an object")
    _check_name(call, path)
    args = call.get("args")
    if args is not None and not isinstance(args, dict):
        raise Malformed(f"{path}.args", "args must be an object")


def _check_response(response: Any, path: str) -> None:
    if not isinstance(response, dict):
        raise Malformed(path, "functionResponse must be an object")
    _check_name(response, path)
    if response.get("response") is not None and not isinstance(response["response"], dict):
        raise Malformed(f"{path}.response", "response must be an object")
    parts = response.get("parts")
    if parts is not None:
        if not isinstance(parts, list):
            raise Malformed(f"{path}.parts", "parts must be an array")
        for number, part in enumerate(parts):
            check_part(part, f"{path}.parts[{number}]")


def _check_name(value: dict[str, Any], path: str) -> None:
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise Malformed(f"{path}.name", "name must be a non-empty string")
    if value.get("id") is not None and not isinstance(value["id"], str):
        raise Malformed(f"{path}.id", "id must be a string")


def _check_inline(inline: Any, path: str) -> None:
    if not isinstance(inline, dict):
        raise Malformed(path, "inlineData must be an object with mimeType and data")
    inline = spelled(inline, spelling.MEDIA)
    _check_mime(inline, path)
    data = inline.get("data")
    if not isinstance(data, str) or not data:
        raise Malformed(f"{path}.data", "data must be non-empty base64 text")
    # Both ends tell text that was never base64 from a real picture; reading all of 50 MB holds up others.
    if not _BASE64.fullmatch(data[:256]) or not _BASE64.fullmatch(data[-256:]):
        raise Malformed(f"{path}.data", "data is not base64")


def _check_file(file: Any, path: str) -> None:
    if not isinstance(file, dict):
        raise Malformed(path, "fileData must be an object with fileUri")
    file = spelled(file, spelling.MEDIA)
    _check_mime(file, path)
    uri = file.get("fileUri")
    if not isinstance(uri, str) or not uri:
        raise Malformed(f"{path}.fileUri", "fileUri must be a non-empty string")
    check_media_url(uri, f"{path}.fileUri")


def _check_mime(media: dict[str, Any], path: str) -> None:
    if media.get("mimeType") is not None and not isinstance(media["mimeType"], str):
        raise Malformed(f"{path}.mimeType", "mimeType must be a string")
