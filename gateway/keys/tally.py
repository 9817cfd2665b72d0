"""What one key has used and holds just now: a value of the state store, and the rules that read it.

Requests and tokens per minute are counted by whole seconds over the last 61 of them, so that in no span of 60 seconds
more passes than is allowed. Days and months are UTC's.

Tokens and cost are known only afterwards. A request reserves what it may use at most; it passes when that still fits
beside what is used and reserved. A key that has something left may always have one request running, so a large
request is never refused for ever; a limit can be overrun by that one request only.
"""

from __future__ import annotations

import calendar
import json
import math
import time
from dataclasses import dataclass, field, replace
from typing import Literal

from gateway.config.model import AuthKey
from gateway.keys.lease import AHEAD, SHARE, SLOTS_SHARE, Lease, Since

WINDOW_S = 61
HOLD_S = 120.0
"""How long a worker that says nothing keeps what it has reserved: it died."""
AHEAD_S = 10.0
"""The same for what it has reserved ahead."""
LEASED = "~"
"""Ends the name under which a worker holds what it has reserved ahead."""
NANO = 1_000_000_000

Limit = Literal["requests", "tokens", "daily_tokens", "monthly_usd", "concurrency"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Which limit, and in how many seconds it is worth asking again."""

    limit: Limit
    retry_after: float


@dataclass(slots=True)
class Hold:
    """What one worker's running requests have reserved; `until` unix seconds."""

    until: float = 0.0
    requests: int = 0
    tokens: int = 0
    nano_usd: int = 0


@dataclass(slots=True)
class Tally:
    """`seconds`: [unix second, requests begun, tokens used], ascending; `day` in days and `month` in months since
    1970; `holds` by worker."""

    seconds: list[list[int]] = field(default_factory=list)
    day: int = 0
    day_tokens: int = 0
    month: int = 0
    month_nano_usd: int = 0
    holds: dict[str, Hold] = field(default_factory=dict)

    @classmethod
    def load(cls, value: bytes | None) -> Tally:
        """An empty one for what cannot be read."""
        if value is None:
            return cls()
        try:
            seconds, day, month, holds = json.loads(value)
            return cls(seconds, day[0], day[1], month[0], month[1], {name: Hold(*hold) for name, hold in holds.items()})
        except (ValueError, TypeError, IndexError):
            return cls()

    def dump(self) -> bytes:
        holds = {
            name: (round(hold.until), hold.requests, hold.tokens, hold.nano_usd) for name, hold in self.holds.items()
        }
        return json.dumps(
            (self.seconds, (self.day, self.day_tokens), (self.month, self.month_nano_usd), holds),
            separators=(",", ":"),
        ).encode()

    def at(self, now: float) -> Tally:
        """Forgets what no longer counts, and what a clock that was ahead has left in the far future."""
        oldest, newest = int(now) - WINDOW_S, int(now) + WINDOW_S
        if self.seconds and (self.seconds[0][0] <= oldest or self.seconds[-1][0] > newest):
            self.seconds = [each for each in self.seconds if oldest < each[0] <= newest]
        day, month = int(now // 86400), _month(now)
        if day != self.day:
            self.day, self.day_tokens = day, 0
        if month != self.month:
            self.month, self.month_nano_usd = month, 0
        for hold in self.holds.values():
            hold.until = min(hold.until, now + HOLD_S)
        if any(hold.until <= now or not hold.requests for hold in self.holds.values()):
            self.holds = {name: hold for name, hold in self.holds.items() if hold.until > now and hold.requests}
        return self

    def beyond(self, other: Tally, worker: str) -> Tally:
        """What this one counts more than `other`, both as of the same moment, and what `worker` holds."""
        before = {second: (begun, used) for second, begun, used in other.seconds}
        more = [
            [at, begun - before[at][0], used - before[at][1]] if at in before else [at, begun, used]
            for at, begun, used in self.seconds
        ]
        return Tally(
            [each for each in more if each[1] or each[2]],
            self.day,
            self.day_tokens - other.day_tokens,
            self.month,
            self.month_nano_usd - other.month_nano_usd,
            {name: hold for name, hold in self.holds.items() if name in (worker, worker + LEASED)},
        )

    def add(self, more: Tally, worker: str) -> None:
        """Counts what another one counted `beyond`; both as of the same moment."""
        for at, begun, used in more.seconds:
            second = self._second(at)
            second[1] = max(second[1] + begun, 0)
            second[2] += used
        self.day_tokens += more.day_tokens
        self.month_nano_usd += more.month_nano_usd
        self.holds = {name: hold for name, hold in self.holds.items() if name not in (worker, worker + LEASED)}
        self.holds |= {name: replace(hold) for name, hold in more.holds.items()}

    def enter(self, key: AuthKey, worker: str, tokens: int, nano_usd: int, now: float) -> Refused | None:
        """Reserves, or says why not."""
        refused = self._refusal(key, tokens, nano_usd, now)
        if refused is not None:
            return refused
        if key.rpm:
            self._second(now)[1] += 1
        hold = self.holds.setdefault(worker, Hold())
        hold.until = now + HOLD_S
        hold.requests += 1
        hold.tokens += tokens
        hold.nano_usd += nano_usd
        return None

    def settle(self, key: AuthKey, worker: str, since: Since, lease: Lease | None, now: float) -> None:
        """What happened in a worker since its last change, and what is left of its lease."""
        hold = self.holds.get(worker)
        if hold is None and since.begun > since.ended:
            hold = self.holds[worker] = Hold()
        if hold is not None:
            hold.until = now + HOLD_S
            hold.requests = max(hold.requests + since.begun - since.ended, 0)
            hold.tokens = max(hold.tokens + since.tokens - since.freed_tokens, 0)
            hold.nano_usd = max(hold.nano_usd + since.nano_usd - since.freed_nano_usd, 0)
            if not hold.requests:
                del self.holds[worker]
        if lease is not None:
            self.holds.pop(worker + LEASED, None)
            for each in self.seconds:
                if each[0] == lease.second:
                    each[1] = max(each[1] - lease.granted, 0)
        if key.rpm and since.begun:
            self._second(now)[1] += since.begun
        if key.tpm and since.used_tokens:
            self._second(now)[2] += since.used_tokens
        self.day_tokens += since.used_tokens
        self.month_nano_usd += since.used_nano_usd

    def lease(self, key: AuthKey, worker: str, asked: Since, now: float, least: Lease | None = None) -> Lease | None:
        """Reserves ahead, in proportion to what was `asked` for; None near a limit. `least` was reserved before."""
        running, reserved = sum(hold.requests for hold in self.holds.values()), self._reserved_tokens()
        requests, slots = AHEAD * asked.begun, AHEAD * asked.begun
        tokens, nano_usd = AHEAD * asked.tokens, AHEAD * asked.nano_usd
        if key.rpm:
            requests = min(requests, (key.rpm - sum(each[1] for each in self.seconds)) // SHARE)
        if key.max_concurrency:
            slots = min(slots, (key.max_concurrency - running) // SLOTS_SHARE)
        if key.tpm:
            tokens = min(tokens, (key.tpm - sum(each[2] for each in self.seconds) - reserved) // SHARE)
        if key.daily_tokens:
            tokens = min(tokens, (key.daily_tokens - self.day_tokens - reserved) // SHARE)
        if key.monthly_usd:
            held = sum(hold.nano_usd for hold in self.holds.values())
            nano_usd = min(nano_usd, (round(key.monthly_usd * NANO) - self.month_nano_usd - held) // SHARE)
        if min(requests, slots) < 1 or min(tokens, nano_usd) < 0:
            requests = slots = tokens = nano_usd = 0
        if least is not None:
            requests, slots = max(requests, least.requests), max(slots, least.slots)
            tokens, nano_usd = max(tokens, least.tokens), max(nano_usd, least.nano_usd)
        if slots < 1:
            return None
        granted = requests if key.rpm else 0
        if granted:
            self._second(now)[1] += granted
        self.holds[worker + LEASED] = Hold(now + AHEAD_S, slots, tokens, nano_usd)
        return Lease(key, int(now), granted, requests, slots, tokens, nano_usd)

    def elsewhere(self, worker: str, refused: Refused) -> bool:
        """Whether another worker may have room for what was refused here: requests that may just have ended where
        only so many may run at once, or what it has reserved ahead."""
        return any(
            name.endswith(LEASED) or refused.limit == "concurrency"
            for name in self.holds
            if name.removesuffix(LEASED) != worker
        )

    def _second(self, now: float) -> list[int]:
        second = int(now)
        for each in reversed(self.seconds):
            if each[0] == second:
                return each
            if each[0] < second:
                break
        self.seconds.append([second, 0, 0])
        self.seconds.sort()
        return next(each for each in self.seconds if each[0] == second)

    def _refusal(self, key: AuthKey, tokens: int, nano_usd: int, now: float) -> Refused | None:
        running = sum(hold.requests for hold in self.holds.values())
        if key.max_concurrency and running >= key.max_concurrency:
            return Refused("concurrency", 1.0)
        if key.rpm and sum(each[1] for each in self.seconds) >= key.rpm:
            return Refused("requests", self._falls_below(1, key.rpm, now))
        if key.tpm:
            used = sum(each[2] for each in self.seconds)
            if used >= key.tpm:
                return Refused("tokens", self._falls_below(2, key.tpm, now))
            if running and used + self._reserved_tokens() + tokens > key.tpm:
                return Refused("tokens", 2.0)
        if key.daily_tokens:
            if self.day_tokens >= key.daily_tokens:
                return Refused("daily_tokens", 86400 - now % 86400)
            if running and self.day_tokens + self._reserved_tokens() + tokens > key.daily_tokens:
                return Refused("daily_tokens", 2.0)
        if key.monthly_usd:
            limit = round(key.monthly_usd * NANO)
            if self.month_nano_usd >= limit:
                return Refused("monthly_usd", _next_month(now) - now)
            reserved = sum(hold.nano_usd for hold in self.holds.values())
            if running and self.month_nano_usd + reserved + nano_usd > limit:
                return Refused("monthly_usd", 2.0)
        return None

    def _reserved_tokens(self) -> int:
        return sum(hold.tokens for hold in self.holds.values())

    def _falls_below(self, column: int, limit: int, now: float) -> float:
        left = sum(each[column] for each in self.seconds)
        for each in self.seconds:
            left -= each[column]
            if left < limit:
                return math.ceil(each[0] + WINDOW_S - now)
        return float(WINDOW_S)


def _month(now: float) -> int:
    moment = time.gmtime(now)
    return (moment.tm_year - 1970) * 12 + moment.tm_mon - 1


def _next_month(now: float) -> float:
    years, months = divmod(_month(now) + 1, 12)
    return float(calendar.timegm((1970 + years, months + 1, 1, 0, 0, 0)))
