"""Telling an operator's webhook: one JSON that ntfy, Slack, Mattermost, Discord and home-made receivers understand.

Each reads its own fields and ignores the rest (docs/decisions/2026-11-21-notices.md).
https://docs.ntfy.sh/publish/ https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.discord.com/developers/resources/webhook#execute-webhook
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from gateway.upstreams.transport.faults import TransportFault
from gateway.upstreams.transport.session import Transport

TIMEOUT_S = 10.0
ANSWER_LIMIT = 64 * 1024
PRIORITIES = {"trouble": 4, "recovered": 3, "test": 3}
_FOR_A_TOPIC = {"X-Template": "yes", "X-Title": "{{.title}}", "X-Message": "{{.message}}"}
"""ntfy shows a JSON body sent to a topic's URL as it is, unless it is told how to read it (2.10 and later)."""


class NotTaken(Exception):
    """In words that tell neither path nor credentials of the URL."""


def webhook_document(url: str, kind: str, event: str, subject: str, title: str, message: str) -> dict[str, Any]:
    """`kind` is "trouble", "recovered" or "test". A `topic` in the URL's query is for ntfy's root address."""
    line = f"{title}: {message}"
    topics = parse_qs(urlsplit(url).query).get("topic")
    return {
        "event": event,
        "kind": kind,
        "subject": subject,
        "time": int(time.time()),
        "title": title,
        "message": message,
        "priority": PRIORITIES[kind],
        "tags": ["white_check_mark" if kind == "recovered" else "warning" if kind == "trouble" else "wave"],
        "text": line,
        "content": line[:2000],
        **({"topic": topics[0]} if topics else {}),
    }


def post_webhook(transport: Transport, url: str, document: dict[str, Any]) -> None:
    """Raises NotTaken. Credentials in the URL go as Basic authorization."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = parts.netloc.rpartition("@")[2]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "dragoman",
        "X-Priority": str(document["priority"]),
        "X-Tags": ",".join(document["tags"]),
        **_FOR_A_TOPIC,
    }
    if parts.username is not None or parts.password is not None:
        words = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(words.encode()).decode()}"
    deadline = time.monotonic() + TIMEOUT_S
    try:
        exchange = transport.send(
            "POST",
            urlunsplit(parts._replace(netloc=place, fragment="")),
            headers,
            json.dumps(document).encode(),
            connect_timeout=5.0,
            header_timeout=TIMEOUT_S,
            deadline=deadline,
        )
        try:
            exchange.read_all(ANSWER_LIMIT, TIMEOUT_S, deadline)
        finally:
            exchange.close()
    except TransportFault as fault:
        raise NotTaken(str(fault) or f"{host}: {type(fault).__name__}") from None
    except ValueError:
        raise NotTaken("the URL is none that can be posted to") from None
    if not 200 <= exchange.status < 300:
        raise NotTaken(f"{host} answered {exchange.status}")
