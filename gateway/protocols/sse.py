"""Server-sent events over bytes, the only reader of the house.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
Bytes may be split anywhere: inside a UTF-8 character, between CR and LF, inside the byte order mark. One departure:
a last event that lacks its blank line is still handed over on `close`, since providers forget it.
"""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"
MAX_EVENT = 64 * 1024 * 1024
LARGE = 1024 * 1024


class EventTooLarge(ValueError):
    """One event is larger than MAX_EVENT bytes."""


class Blocks:
    """Cuts a byte stream into whole events: `feed` gives the bytes up to the last blank line, LF line ends only."""

    def __init__(self) -> None:
        self._tail = bytearray()
        self._skip_lf = False
        self._at_start = True

    def feed(self, data: bytes) -> bytes:
        """All complete events, each ending in a blank line; b"" while none is."""
        if self._skip_lf and data:
            self._skip_lf = False
            if data[:1] == b"\n":
                data = data[1:]
        if b"\r" in data:
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        tail = self._tail
        if self._at_start:
            tail += data
            if len(tail) < 3 and BOM.startswith(tail):
                return b""
            self._at_start = False
            data = bytes(tail[3:]) if tail.startswith(BOM) else bytes(tail)
            tail.clear()
        if not tail:
            end = data.rfind(b"\n\n")
            if end < 0:
                tail += data
                return b""
            tail += data[end + 2 :]
            return data[: end + 2]
        searched = max(len(tail) - 1, 0)
        tail += data
        end = tail.rfind(b"\n\n", searched)
        if end < 0:
            if len(tail) > MAX_EVENT:
                raise EventTooLarge(f"an event is larger than {MAX_EVENT} bytes")
            return b""
        with memoryview(tail) as view:
            whole = bytes(view[: end + 2])
        del tail[: end + 2]
        return whole

    def close(self) -> bytes:
        """What is left: an event without its blank line, or b""."""
        rest = bytes(self._tail)
        self._tail.clear()
        return b"" if rest.strip(b"\n") == b"" else rest


def events_of(blocks: bytes) -> list[tuple[str, bytes]]:
    """The (event name, data) pairs of whole blocks; "" where no `event:` field stands; comments are dropped."""
    if len(blocks) > LARGE and (places := places_of(blocks)) is not None:
        return [(name, blocks[start:end]) for name, start, end in places]
    found: list[tuple[str, bytes]] = []
    for block in blocks.split(b"\n\n"):
        if block.startswith(b"data: ") and b"\n" not in block:
            found.append(("", block[6:]))
        elif block:
            parsed = _parse(block)
            if parsed is not None:
                found.append(parsed)
    return found


def places_of(blocks: bytes) -> list[tuple[str, int, int]] | None:
    """The same for blocks too large to be copied again and again: where in them each event's data stand. None when an
    event has several lines of data."""
    found: list[tuple[str, int, int]] = []
    at, size = 0, len(blocks)
    while at < size:
        end = blocks.find(b"\n\n", at)
        end = size if end < 0 else end
        name, place = "", (0, 0)
        while at < end:
            stop = blocks.find(b"\n", at, end)
            stop = end if stop < 0 else stop
            colon = blocks.find(b":", at, min(at + 8, stop))
            field = blocks[at:colon] if colon >= 0 else b""
            value = colon + 2 if blocks.startswith(b" ", colon + 1) else colon + 1
            if field == b"data" or (colon < 0 and blocks[at : at + 8].split(b"\n")[0] == b"data"):
                if place[0] or colon < 0:
                    return None
                place = (value, stop)
            elif field == b"event":
                name = blocks[value:stop].decode("utf-8", "replace")
            at = stop + 1
        if place[0]:
            found.append((name, *place))
        at = end + 2
    return found


def _parse(block: bytes) -> tuple[str, bytes] | None:
    name = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, colon, value = line.partition(b":")
        if not colon and not field:
            continue
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    if not data:
        return None
    return name, data[0] if len(data) == 1 else b"\n".join(data)


class SSEReader:
    """Bytes in, (event name, data) pairs out."""

    def __init__(self) -> None:
        self._blocks = Blocks()

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        whole = self._blocks.feed(data)
        return events_of(whole) if whole else []

    def close(self) -> list[tuple[str, bytes]]:
        rest = self._blocks.close()
        return events_of(rest) if rest else []


def data_event(data: bytes) -> bytes:
    """One unnamed event. `data` is one line (see wire_json.dumps_sse)."""
    return b"data: " + data + b"\n\n"


def named_event(name: bytes, data: bytes) -> bytes:
    """One event with an `event:` line. `data` is one line."""
    return b"event: " + name + b"\ndata: " + data + b"\n\n"
