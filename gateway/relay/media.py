"""What becomes of pictures, sound and documents of a translated request, in the one place that decides it.

Media inside the request are checked. Media at a URL go on as they are to a provider that fetches them itself; for
others the gateway fetches them, from [media] fetch_hosts only. What passes through is the provider's own affair, but
for URLs of private addresses: those are handed to nobody.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.canon.dialogue import Dialogue, Turn
from gateway.canon.parts import Media, Part, ToolResult
from gateway.errors import BadRequest
from gateway.protocols.media_fields import media_urls
from gateway.relay.call import Call
from gateway.relay.media_bytes import BadMedia, check_media, true_type
from gateway.upstreams.fetch import Fetcher, NotAllowed, NotFetched
from gateway.upstreams.media_address import BadAddress, media_address
from gateway.upstreams.upstream import Upstream

REMEDY = "Send it inside the request (base64), or have the operator list its host in [media] fetch_hosts."


@dataclass(slots=True, frozen=True)
class MediaPolicy:
    fetcher: Fetcher

    def settle(self, call: Call, dialogue: Dialogue, upstream: Upstream) -> Dialogue:
        """The dialogue as `upstream` can take it; `dialogue` itself where nothing has to change.

        Raises BadRequest, and Aborted when the client leaves while the gateway fetches.
        """
        if call.dialect.name == upstream.dialect:
            self.admit(call)
            return dialogue
        found = list(_media(dialogue.turns))
        if not found:
            return dialogue
        if not call.media_checked:
            for media in found:
                if media.data is not None:
                    _check(media)
            call.media_checked = True
        if not any(media.url for media in found):
            return dialogue
        return replace(dialogue, turns=[self._turn(call, turn, upstream) for turn in dialogue.turns])

    def admit(self, call: Call) -> None:
        """Looks at a request whose media go on as they are. Raises BadRequest."""
        for url in media_urls(call.body):
            self._refuse_private(url)

    def _turn(self, call: Call, turn: Turn, upstream: Upstream) -> Turn:
        if not any(media.url for media in _media([turn])):
            return turn
        return replace(turn, parts=[self._part(call, part, upstream) for part in turn.parts])

    def _part(self, call: Call, part: Part, upstream: Upstream) -> Part:
        if isinstance(part, ToolResult):
            return replace(part, parts=[self._part(call, inner, upstream) for inner in part.parts])
        if not isinstance(part, Media) or part.url is None or self._handed_on(part.url, upstream):
            return part
        if part.url not in call.fetched:
            call.fetched[part.url] = self._fetched(call, part, upstream)
        mime, data = call.fetched[part.url]
        return replace(part, url=None, mime=mime, data=data)

    def _handed_on(self, url: str, upstream: Upstream) -> bool:
        """Whether the provider fetches it. What looks private is handed to nobody: a provider beside the gateway
        (vLLM on the same network, say) would fetch it from there."""
        if not url.lower().startswith(upstream.fetches):
            return False
        if url.lower().startswith(("http:", "https:")):
            self._refuse_private(url)
        return True

    def _refuse_private(self, url: str) -> None:
        try:
            address = media_address(url)
        except BadAddress as bad:
            raise _refused(str(bad)) from None
        if not address.public and not address.listed(self.fetcher.hosts):
            raise _refused(f"{address.host} is not a public address")

    def _fetched(self, call: Call, part: Media, upstream: Upstream) -> tuple[str | None, str]:
        """(type, base64) of what is at a URL."""
        assert part.url is not None
        try:
            fetched = self.fetcher.fetch(part.url, call.live.attach)
        except NotAllowed as refused:
            raise _refused(f"the provider {upstream.name} does not fetch it itself, and {refused}") from None
        except NotFetched as failed:
            raise BadRequest(f"the {part.kind} could not be fetched: {failed}", code="invalid_image_url") from None
        try:
            kind = replace(part, mime=fetched.declared or None)
            if not fetched.data:
                raise BadMedia("it is empty")
            mime = true_type(kind, fetched.data[:1152])
        except BadMedia as bad:
            raise _refused(str(bad)) from None
        if mime is None or not mime.startswith(("image/", "audio/", "video/", "application/pdf")):
            raise _refused("what is there is neither picture, sound nor PDF")
        return mime, b64encode(fetched.data).decode()


def _media(turns: list[Turn]) -> Iterator[Media]:
    for turn in turns:
        for part in turn.parts:
            if isinstance(part, Media):
                yield part
            elif isinstance(part, ToolResult):
                yield from (inner for inner in part.parts if isinstance(inner, Media))


def _check(media: Media) -> None:
    try:
        check_media(media)
    except BadMedia as bad:
        code = "invalid_image" if media.kind == "image" else "invalid_value"
        raise BadRequest(f"Invalid {media.kind}: {bad}.", code=code) from None


def _refused(why: str) -> BadRequest:
    return BadRequest(f"URL not allowed: {why}. {REMEDY}", code="url_not_allowed")
