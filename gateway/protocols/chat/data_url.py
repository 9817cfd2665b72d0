"""Data URLs (RFC 2397) as clients write them: any case, parameters, missing padding, base64url."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import unquote_to_bytes

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_="
_SPACE = b" \t\r\n"
_REMOTE = ("http://", "https://", "gs://")
_MAGIC = {
    "/9j/": "image/jpeg",
    "iVBOR": "image/png",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBER": "application/pdf",
}


def bad_base64(data: str) -> bool:
    """Empty, or with a character that no kind of base64 knows."""
    raw = data.encode("utf-8", "replace")
    left = raw.translate(None, _ALPHABET)
    return bool(left and left.strip(_SPACE)) or len(raw) - len(left) < 2


def media_url_complaint(url: str) -> str:
    """What is wrong with a URL that is to name media, "" if nothing is."""
    lower = url[:8].lower()
    if lower.startswith("data:"):
        head, comma, data = url.partition(",")
        if not comma or not data:
            return "the data URL holds no data."
        if head.lower().endswith(";base64") and bad_base64(data):
            return "the data URL is not valid base64."
        return ""
    if lower.startswith(_REMOTE):
        return ""
    return "URL not allowed. Expected a base64 data URL or an http(s) URL."


def is_data_url(url: str) -> bool:
    return url[:5].lower() == "data:"


def clean_base64(data: str) -> str:
    """Standard alphabet, padded, without white space."""
    if "-" in data or "_" in data:
        data = data.replace("-", "+").replace("_", "/")
    if any(space in data for space in " \t\r\n"):
        data = "".join(data.split())
    short = -len(data) % 4
    return data + "=" * short if short in (1, 2) else data


def split_data_url(url: str) -> tuple[str, str]:
    """(mime, base64) of a data URL; a mime not told is guessed from the first bytes, else "image/png"."""
    head, _, data = url.partition(",")
    mime, *parameters = head[5:].split(";")
    if any(parameter.strip().lower() == "base64" for parameter in parameters):
        data = clean_base64(data)
    else:
        data = b64encode(unquote_to_bytes(data)).decode()
    return mime.strip().lower() or guess_mime(data), data


def guess_mime(data: str, default: str = "image/png") -> str:
    return next((mime for start, mime in _MAGIC.items() if data.startswith(start)), default)
