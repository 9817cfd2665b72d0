"""How long a provider asks to wait: headers, google.rpc.RetryInfo, quotaResetDelay, quotaResetTimeStamp."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")


def duration(value: Any) -> float | None:
    """Seconds of "3.5s", "1h16m0.667s", "900ms" or {"seconds": "3", "nanos": 5}; None for anything else."""
    if isinstance(value, dict):
        try:
            return max(0.0, float(value.get("seconds") or 0) + float(value.get("nanos") or 0) / 1e9)
        except (TypeError, ValueError):
            return None
    if not isinstance(value, str) or len(value) > 64 or not _DURATION.fullmatch(value.strip()):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PIECE.findall(value))


def header_delay(headers: Mapping[str, str]) -> float | None:
    """Retry-After (seconds or an HTTP date, RFC 9110 10.2.3) and retry-after-ms."""
    known = {name.lower(): value for name, value in headers.items()}
    exact = _number(known.get("retry-after-ms"))
    if exact is not None:
        return exact / 1000
    value = known.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return duration(value)


def _number(value: str | None) -> float | None:
    if value is None or not re.fullmatch(r"\s*\d{1,12}(?:\.\d{1,9})?\s*", value, re.ASCII):
        return None
    return float(value)


def detail_delay(details: list[dict[str, Any]]) -> float | None:
    """RetryInfo first, then quotaResetDelay, then quotaResetTimeStamp; sentences are not read."""
    for detail in details:
        if str(detail.get("@type", "")).endswith("RetryInfo"):
            found = duration(detail.get("retryDelay"))
            if found is not None:
                return found
    for name, read in (("quotaResetDelay", duration), ("quotaResetTimeStamp", _until)):
        for detail in details:
            metadata = detail.get("metadata")
            for place in (metadata, detail):
                found = read(place.get(name)) if isinstance(place, dict) else None
                if found is not None:
                    return found
    return None


def _until(value: Any) -> float | None:
    """Seconds until an RFC 3339 time; None for anything else."""
    if not isinstance(value, str) or len(value) > 64 or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
