"""A week of records, for charts and lists."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.monitoring.bodies import Bodies
from gateway.monitoring.database import database
from gateway.monitoring.record import Record
from gateway.monitoring.schema import migrate, write, write_bodies

PEOPLE = ("alice-laptop", "bob-agent", "nightly-batch", "")
MODELS = (
    ("gemini-2.5-flash", "google", "alice@example.com", 0.6),
    ("gemini-2.5-pro", "google", "bob@example.com", 4.0),
    ("gpt-4o-mini", "openai", "openai-key", 0.4),
    ("claude-sonnet-4-5", "anthropic", "claude-key", 7.0),
)


def week(data: Path, count: int = 400, *, now: float | None = None, seed: int = 7) -> list[Record]:
    """Writes `count` records of the last seven days into the records of this data folder, the oldest first."""
    chance, now = random.Random(seed), time.time() if now is None else now
    records = sorted((_record(chance, n, now) for n in range(count)), key=lambda record: record.at)
    keep(records, data)
    return records


def keep(records: Sequence[Record], data: Path, *, url: str = "", bodies: Sequence[Bodies] = ()) -> None:
    """As a worker would write them."""
    with database(url, data).transaction() as session:
        migrate(session)
        write(session, records)
        write_bodies(session, bodies, ())


def _record(chance: random.Random, number: int, now: float) -> Record:
    model, upstream, account, price = chance.choices(MODELS, (6, 2, 3, 1))[0]
    into, out = chance.randint(200, 9000), chance.randint(20, 1500)
    first = chance.uniform(0.2, 1.8)
    record = Record(
        at=now - chance.uniform(60, 7 * 86400),
        id=f"req_{number:024x}",
        method="POST",
        path=chance.choice(("/v1/chat/completions", "/v1/messages", "/v1/responses")),
        client="192.0.2.7",
        key=chance.choice(PEOPLE),
        status=200,
        seconds=first + out / 120,
        asked=model,
        mapped=model,
        mode=chance.choice(("passthrough", "translated")),
        upstream=upstream,
        account=account,
        stream=True,
        ended="complete",
        finish="stop",
        first_content_s=first,
        input_tokens=into,
        output_tokens=out,
        cached_tokens=into // 3,
        source="provider",
        cost_usd=(into + 4 * out) * price / 1e6,
        attempts=[f"{upstream}/{account}: ok"],
        losses=chance.choice((0, 0, 1)),
    )
    if chance.random() < 0.06:
        record.ended, record.error = "cut", "upstream_cut"
        record.attempts = [f"{upstream}/{account}: 503 overloaded", f"{upstream}/other@example.com: cut after content"]
    return record
