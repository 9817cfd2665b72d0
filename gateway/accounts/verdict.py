"""One table from what a provider answered to what happens to the account and the request.

    wait       the same account again after `delay` (at most 2 s)
    rotate     another account at once; this one is not blamed until it fails again and again
    cool       this account rests for `delay`
    cool_model this account rests for one model
    block      this account does not have the model
    disable    this credential is no longer accepted
    give_up    the request itself is at fault: the client is told

Sources: https://ai.google.dev/gemini-api/docs/troubleshooting, https://docs.anthropic.com/en/api/errors,
https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.accounts.refusal import refusal_of
from gateway.canon.fault import Fault

Action = Literal["wait", "rotate", "cool", "cool_model", "block", "disable", "give_up"]

GRACE_S = 2.0
"""A provider that asks for at most this long is waited for on the same account."""

RATE_LIMIT_LADDER_S = (5.0, 10.0, 20.0, 40.0, 60.0)
QUOTA_LADDER_S = (60.0, 300.0, 1800.0, 7200.0)
SERVER_LADDER_S = (0.0, 5.0, 10.0, 20.0, 30.0)
"""Rest after the n-th failure in a row; one lone 5xx costs the account nothing."""
FORBIDDEN_S = 600.0
NO_MODEL_S = 300.0


@dataclass(slots=True, frozen=True)
class Verdict:
    """`delay` in seconds; None where the `ladder` decides by the number of failures of this `kind` in a row."""

    action: Action
    delay: float | None = None
    ladder: tuple[float, ...] = ()

    @property
    def passing(self) -> bool:
        """Whether the same account may do better in a moment, though the provider named no time."""
        return self.action in ("rotate", "cool") and self.delay is None and self.ladder != QUOTA_LADDER_S

    @property
    def kind(self) -> Literal["quota", "rate", "server", "other"]:
        """Each kind has a count of its own: a provider's bad minute must not lengthen what its rate limit costs."""
        return _KINDS.get(self.ladder, "other")


_KINDS: dict[tuple[float, ...], Literal["quota", "rate", "server"]] = {
    RATE_LIMIT_LADDER_S: "rate",
    QUOTA_LADDER_S: "quota",
    SERVER_LADDER_S: "server",
}


def judge(fault: Fault, *, renewed: bool = False) -> Verdict:
    """The verdict on a provider's error, or on a network failure (a Fault with from_upstream False and 502/504).

    `renewed`: the refused credential was fetched anew just before, so that there is nothing left to try with it.
    """
    status, code = fault.status, fault.code
    if not fault.from_upstream:
        return Verdict("rotate", ladder=SERVER_LADDER_S)
    if code in ("context_length_exceeded", "content_policy_violation"):
        return Verdict("give_up")
    if status in (429, 503, 529):
        return _busy(fault)
    if status == 401:
        return Verdict("disable")
    if status == 403:
        return _forbidden(fault, renewed)
    if status == 402 or code == "insufficient_quota":
        return Verdict("cool", fault.retry_after, QUOTA_LADDER_S)
    if status == 404:
        return Verdict("block", NO_MODEL_S)
    if status == 408 or status >= 500 or status < 400:
        return Verdict("rotate", ladder=SERVER_LADDER_S)
    return Verdict("give_up")


def worth_renewing(fault: Fault) -> bool:
    """Whether a fresh credential may change the provider's mind: about any 401, and a 403 that is not about something
    else."""
    return fault.status == 401 or (fault.status == 403 and refusal_of(fault) in ("credential", "unknown"))


def _busy(fault: Fault) -> Verdict:
    if fault.retry_after is not None and fault.retry_after <= GRACE_S:
        return Verdict("wait", fault.retry_after)
    if fault.code == "insufficient_quota":
        return Verdict("cool_model", fault.retry_after, QUOTA_LADDER_S)
    if fault.status == 429:
        return Verdict("cool", fault.retry_after, RATE_LIMIT_LADDER_S)
    return Verdict("cool", fault.retry_after, SERVER_LADDER_S)


def _forbidden(fault: Fault, renewed: bool) -> Verdict:
    """A 403 may be about the key, the project, the region or the model; only a bad credential is the account's end."""
    match refusal_of(fault):
        case "credential":
            return Verdict("disable")
        case "model":
            return Verdict("cool_model", FORBIDDEN_S)
        case "unknown" if renewed:
            return Verdict("disable")
        case _:
            return Verdict("cool", FORBIDDEN_S)
