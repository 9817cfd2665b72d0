"""One credential at one upstream, and what is known of its health."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.accounts.credential import Credential
from gateway.accounts.rest import Rest, Strikes
from gateway.canon.quota import Quota

KEYLESS = "keyless"
QUOTA_LASTS_S = 3600.0
"""How long a quota is believed that does not say when it resets."""


@dataclass(slots=True, eq=False)
class Account:
    """`id` is stable and unique ("upstream/label"); `label` is what the operator calls it (an email, mostly).

    `secret` is the credential sent upstream ("" for keyless ones), unless `credential` gives it. The mutable half
    belongs to the Pool and is only touched under its lock. `probing` holds the models (or "" for all) whose rest is
    over and being tried by one request. `repeats`: one request may ask it more than once. `queues`: requests wait for
    each other in the upstream, and its `max_concurrency` counts those too.
    """

    id: str
    upstream: str
    label: str
    secret: str = field(repr=False, default="")
    weight: int = 1
    max_concurrency: int = 0
    proxy: str = field(repr=False, default="")
    credential: Credential | None = field(repr=False, default=None)
    repeats: bool = True
    queues: bool = False

    in_use: int = 0
    uses: int = 0
    unsaved_uses: int = 0
    resting: Rest | None = None
    models_resting: dict[str, Rest] = field(default_factory=dict)
    strikes: dict[str, Strikes] = field(default_factory=dict)
    probing: set[str] = field(default_factory=set)
    quotas: dict[str, Quota] = field(default_factory=dict)
    disabled_reason: str | None = None

    def rests(self, model: str) -> Iterator[tuple[str, Rest]]:
        """The cooldowns that stand in the way of `model`, under the word `probing` knows them by."""
        if self.resting is not None:
            yield "", self.resting
        rest = self.models_resting.get(model)
        if rest is not None:
            yield model, rest

    def rests_until(self, model: str) -> float:
        """When the last of the cooldowns in the way of `model` ends, 0.0 without any."""
        return max((rest.until for _, rest in self.rests(model)), default=0.0)

    def clock_set(self, seconds: float) -> None:
        """time.time() was set by so many seconds: what is left to rest stays the same."""
        self.resting = self.resting.moved(seconds) if self.resting else None
        self.models_resting = {model: rest.moved(seconds) for model, rest in self.models_resting.items()}
        for strikes in self.strikes.values():
            strikes.at += seconds

    def recover(self) -> None:
        """As good as new, whatever happened before."""
        self.resting, self.disabled_reason = None, None
        self.models_resting.clear()
        self.strikes.clear()
        self.probing.clear()

    @property
    def full(self) -> bool:
        return self.max_concurrency > 0 and self.in_use >= self.max_concurrency

    def usable(self, model: str, now: float, quota_floor: float = 0.0) -> bool:
        if self.max_concurrency and self.in_use >= self.max_concurrency:
            return False
        return self.fit(model, now, quota_floor)

    def fit(self, model: str, now: float, quota_floor: float = 0.0) -> bool:
        """Whether it is usable once a slot is free."""
        if self.disabled_reason is not None:
            return False
        if self.resting is not None or self.models_resting:
            for word, rest in self.rests(model):
                if rest.left(now) > 0 or (rest.probe and word in self.probing):
                    return False
        return not quota_floor or not self.low(model, now, quota_floor)

    def refusal(self, model: str, now: float, quota_floor: float = 0.0) -> str:
        """Why it is not `usable`, for operators; "" when it is."""
        if self.disabled_reason is not None:
            return f"disabled: {self.disabled_reason}"
        for word, rest in self.rests(model):
            if rest.left(now) > 0:
                return f"resting for {rest.left(now):.0f} s{' from this model' if word else ''}: {rest.why}"
            if rest.probe and word in self.probing:
                return f"being tried out by one request after {rest.why}"
        if self.max_concurrency and self.in_use >= self.max_concurrency:
            return f"all of its {self.max_concurrency} places are taken"
        return "its quota is below quota_floor" if quota_floor and self.low(model, now, quota_floor) else ""

    def low(self, model: str, now: float, floor: float) -> bool:
        """Whether what is left for `model` is known to be below `floor`; an unknown quota is not low."""
        quota = self.quotas.get(model)
        return (
            quota is not None
            and quota.remaining is not None
            and quota.remaining < floor
            and quota.read_at <= now < (quota.resets_at or quota.read_at + QUOTA_LASTS_S)
        )

    def pay(self, deadline: float) -> str:
        """The secret to send now. Raises CredentialFault. `deadline` is time.monotonic()."""
        return self.secret if self.credential is None else self.credential.current(deadline)

    def fact(self, name: str) -> str:
        """What is kept beside the credential under `name`, "" when nothing is."""
        return "" if self.credential is None else self.credential.fact(name)

    def keep(self, name: str, value: str) -> None:
        if self.credential is not None:
            self.credential.keep(name, value)
