"""What the common suite does not ask of memory: its bound."""

from __future__ import annotations

from gateway.state.memory import MemoryStore


def test_above_the_limit_what_expires_soonest_goes() -> None:
    store = MemoryStore(limit_bytes=100_000)
    store.put("a", "forever", b"x" * 1000)
    for number in range(200):
        store.put("a", f"k{number}", b"x" * 1000, 100 + number)
    left = [key for key, _ in store.scan("a")]
    assert "forever" in left and "k199" in left and "k0" not in left and 80 < len(left) <= 100
