"""What a process has reserved ahead for the next requests of one key, so that they need not ask the store.

While a key is used a lot and is far from its limits, each change of its tally reserves a little more than was asked
for; requests that come after it are let in from that. What was not used goes back with the next change, KEEP_S later
at the latest; half of it stays for the requests that come while the change is on its way, unless nobody came. The
store never has more given out than the limits allow: they stay exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.config.model import AuthKey

KEEP_S = 0.1
AHEAD = 2
"""How many times what was asked for since the last change."""
SHARE, SLOTS_SHARE = 64, 8
"""At most this part of what a limit leaves is reserved ahead: near its limits a key has no lease. What runs gives its
slot back."""


@dataclass(slots=True)
class Since:
    """What a process has not told the store yet: requests that `begun` by a lease and what is reserved for them, and
    requests that `ended`, what was reserved for those and what they `used`."""

    begun: int = 0
    tokens: int = 0
    nano_usd: int = 0
    ended: int = 0
    freed_tokens: int = 0
    freed_nano_usd: int = 0
    used_tokens: int = 0
    used_nano_usd: int = 0

    def begin(self, tokens: int, nano_usd: int) -> None:
        self.begun += 1
        self.tokens += tokens
        self.nano_usd += nano_usd

    def end(self, tokens: int, nano_usd: int, used_tokens: int, used_nano_usd: int) -> None:
        self.ended += 1
        self.freed_tokens += tokens
        self.freed_nano_usd += nano_usd
        self.used_tokens += used_tokens
        self.used_nano_usd += used_nano_usd

    def asked(self, more: Iterable[tuple[int, int]]) -> Since:
        """What has begun, those with `more` reservations too."""
        asked = Since(self.begun, self.tokens, self.nano_usd)
        for tokens, nano_usd in more:
            asked.begin(tokens, nano_usd)
        return asked

    def add(self, other: Since) -> None:
        for name in Since.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def __bool__(self) -> bool:
        return self.begun > 0 or self.ended > 0


@dataclass(slots=True)
class Lease:
    """What is left of it; of `granted` requests, counted as begun in the unix second `second`. Amounts for which the
    key has no limit say nothing."""

    key: AuthKey
    second: int
    granted: int
    requests: int
    slots: int
    tokens: int
    nano_usd: int

    def half(self) -> Lease:
        return replace(
            self,
            requests=self.requests // 2,
            slots=self.slots // 2,
            tokens=self.tokens // 2,
            nano_usd=self.nano_usd // 2,
        )

    def move(self, before: Lease, after: Lease) -> None:
        """Takes and gives what made `after` of `before`."""
        self.requests += after.requests - before.requests
        self.slots += after.slots - before.slots
        self.tokens += after.tokens - before.tokens
        self.nano_usd += after.nano_usd - before.nano_usd

    def take(self, key: AuthKey, tokens: int, nano_usd: int) -> bool:
        """One request more, or nothing."""
        if (
            (key is not self.key and key != self.key)
            or (self.requests < 1 and key.rpm)
            or (self.slots < 1 and key.max_concurrency)
            or (self.tokens < tokens and (key.tpm or key.daily_tokens))
            or (self.nano_usd < nano_usd and key.monthly_usd)
        ):
            return False
        self.requests -= 1
        self.slots -= 1
        self.tokens -= tokens
        self.nano_usd -= nano_usd
        return True

    def give(self, tokens: int, nano_usd: int) -> bool:
        """A request has ended and leaves its slot and what it did not use. False when it used more than there is: the
        store should know."""
        self.slots += 1
        self.tokens += tokens
        self.nano_usd += nano_usd
        return self.tokens >= 0 and self.nano_usd >= 0
