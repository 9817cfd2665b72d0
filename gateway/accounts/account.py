"""One credential at one upstream, and what is known of its health."""

from __future__ import annotations

from dataclasses import dataclass, field

KEYLESS = "keyless"


@dataclass(slots=True, eq=False)
class Account:
    """`id` is stable and unique ("upstream/label"); `label` is what the operator calls it (an email, mostly).

    `secret` is the credential sent upstream ("" for keyless ones). Times are time.time() seconds. The mutable half
    belongs to the Pool and is only touched under its lock.
    """

    id: str
    upstream: str
    label: str
    secret: str = field(repr=False, default="")
    weight: int = 1
    max_concurrency: int = 0
    proxy: str = field(repr=False, default="")

    in_use: int = 0
    uses: int = 0
    failures: int = 0
    resting_until: float = 0.0
    resting_why: str = ""
    resting_status: int = 0
    models_resting: dict[str, tuple[float, str, int]] = field(default_factory=dict)
    disabled_reason: str | None = None

    def rests_until(self, model: str) -> float:
        """When this account may serve `model` again; 0.0 when it may now (or it is disabled: see `usable`)."""
        entry = self.models_resting.get(model)
        return max(self.resting_until, entry[0] if entry else 0.0)

    def usable(self, model: str, now: float) -> bool:
        return (
            self.disabled_reason is None
            and self.rests_until(model) <= now
            and (not self.max_concurrency or self.in_use < self.max_concurrency)
        )
