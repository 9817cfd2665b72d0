"""Web addresses of media in a client's own JSON, whichever protocol it is: where a request passes through, nobody reads
more of it."""

from __future__ import annotations

from typing import Any

_TURNS = ("messages", "contents", "input", "requests")
_ALONE = ("systemInstruction", "system_instruction", "content")
_PARTS = ("content", "parts", "output")
_FIELDS = frozenset(
    ("image_url", "audio_url", "video_url", "file_url", "source", "file", "fileData", "file_data")
)  # fmt: skip
_SERVERS = (("tools", "server_url"), ("mcp_servers", "url"))
"""Tool servers (MCP) that the provider itself asks: of Responses and of Messages."""
_WITHIN = ("url", "fileUri", "file_uri", "file_data", "image_url")
_PLAIN = 3
"""Fields of a part that can be nothing but text: its type, the text and a mark beside it."""
_PASSED_OVER = "".join(each for each in map(chr, range(0x3001)) if each <= " " or each.isspace()) + "\ufeff"
_LEFT_OUT = str.maketrans("", "", "\t\r\n")
_ANSWERS = ("functionResponse", "function_response")


def media_urls(body: dict[str, Any]) -> list[str]:
    """Every http(s) URL in a field of media, results of tools included, and of tool servers. Texts and arguments are
    not looked into."""
    found: list[str] = []
    for name in _TURNS:
        turns = body.get(name)
        if type(turns) is list:
            for turn in turns:
                if type(turn) is dict:
                    _look(turn, found)
    for name in _ALONE:
        if type(body.get(name)) is dict:
            _look(body[name], found)
    for name, field in _SERVERS:
        servers = body.get(name)
        if type(servers) is list:
            found += [url for each in servers if type(each) is dict and field in each and (url := _web(each[field]))]
    counted = body.get("generateContentRequest")
    return found + media_urls(counted) if type(counted) is dict else found


def _look(turn: dict[str, Any], found: list[str]) -> None:
    for name in _PARTS:
        parts = turn.get(name)
        if parts is None or type(parts) is str:
            continue
        for part in parts if type(parts) is list else (parts,):
            if type(part) is not dict:
                continue
            if "text" in part and len(part) <= _PLAIN and _FIELDS.isdisjoint(part) and "content" not in part:
                continue
            if not _FIELDS.isdisjoint(part):
                _take(part, found)
            _look(part, found)
            for answer in _ANSWERS:
                if type(part.get(answer)) is dict:
                    _look(part[answer], found)


def _take(part: dict[str, Any], found: list[str]) -> None:
    for name in _FIELDS & part.keys():
        value = part[name]
        if type(value) is dict:
            found += [url for inner in _WITHIN if (url := _web(value.get(inner)))]
        elif name != "source" and (url := _web(value)):  # a search result names its source, which nobody fetches
            found.append(url)


def _web(value: object) -> str:
    """The value if it is a web address, else "". Whoever fetches it passes over what stands before it and leaves out
    the line breaks in it: https://url.spec.whatwg.org/#concept-basic-url-parser."""
    if not isinstance(value, str) or value.startswith("data:"):
        return ""
    head = value.lstrip(_PASSED_OVER)[:16]
    if "\t" in head or "\r" in head or "\n" in head:
        head = value.lstrip(_PASSED_OVER).translate(_LEFT_OUT)[:16]
    return value if head[:5].lower() in ("http:", "https") else ""
