"""Whether a message's content is well formed."""

from __future__ import annotations

from typing import Any

from gateway.canon.fault import Malformed
from gateway.protocols.chat.complaint import missing, needs_object, needs_string, wrong
from gateway.protocols.chat.data_url import bad_base64, media_url_complaint

TEXT_TYPES = frozenset({"text", "input_text", "output_text"})
URL_TYPES = frozenset({"image_url", "audio_url", "video_url"})


def check_content(content: Any, where: str) -> None:
    """`content` of a message where it is not a string: a list of parts."""
    if content is None:
        raise missing(where)
    if type(content) is not list:
        raise wrong(where, "a string or an array of content parts", content)
    for number, part in enumerate(content):
        if type(part) is not dict:
            raise wrong(f"{where}[{number}]", "an object", part)
        kind = part.get("type")
        if type(kind) is not str:
            raise _field(f"{where}[{number}].type", kind)
        if kind in TEXT_TYPES:
            if type(part.get("text")) is not str:
                raise _field(f"{where}[{number}].text", part.get("text"))
        elif kind in URL_TYPES:
            _check_url(part.get(kind), f"{where}[{number}].{kind}")
        elif kind == "input_audio":
            _check_audio(part.get("input_audio"), f"{where}[{number}].input_audio")
        elif kind == "file":
            _check_file(part.get("file"), f"{where}[{number}].file")
        elif kind == "refusal" and type(part.get("refusal")) is not str:
            raise _field(f"{where}[{number}].refusal", part.get("refusal"))


def _field(param: str, value: Any) -> Malformed:
    return missing(param) if value is None else wrong(param, "a string", value)


def _check_url(value: Any, where: str) -> None:
    """An object with a `url`; some clients send the bare string."""
    if type(value) is not str:
        needs_object(where, value)
        where, value = f"{where}.url", value.get("url")
    needs_string(where, value)
    complaint = media_url_complaint(value)
    if complaint:
        raise Malformed(where, f"Invalid '{where}': {complaint}", "invalid_value")


def _check_audio(value: Any, where: str) -> None:
    needs_object(where, value)
    needs_string(f"{where}.data", value.get("data"))
    needs_string(f"{where}.format", value.get("format"))
    if bad_base64(value["data"]):
        raise Malformed(f"{where}.data", f"Invalid '{where}.data': it is not valid base64.", "invalid_value")


def _check_file(value: Any, where: str) -> None:
    needs_object(where, value)
    if value.get("file_data") is None and value.get("file_id") is None:
        raise Malformed(
            where, f"Invalid '{where}': 'file_data' or 'file_id' is required.", "missing_required_parameter"
        )
    for field in ("file_data", "file_id"):
        if value.get(field) is not None:
            needs_string(f"{where}.{field}", value[field])
    if value.get("filename") is not None and type(value["filename"]) is not str:
        raise wrong(f"{where}.filename", "a string", value["filename"])
    data = value.get("file_data")
    if data is not None:
        data = data.partition(",")[2] if data[:5].lower() == "data:" else data
        if bad_base64(data):
            raise Malformed(
                f"{where}.file_data", f"Invalid '{where}.file_data': it is not valid base64.", "invalid_value"
            )
