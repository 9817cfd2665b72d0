from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import pytest

from gateway.canon.models import ModelInfo
from gateway.config.model import Models
from gateway.routing import catalog
from gateway.routing.catalog import FRESH_S, RETRY_S, Catalog
from gateway.routing.router import Serving


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(catalog, "time", found)
    return found


class Providers:
    """Model lists by upstream; an exception stands for one that is down."""

    def __init__(self, **lists: list[str] | Exception) -> None:
        self.lists: dict[str, list[str] | Exception] = dict(lists)
        self.asked: list[str] = []
        self.before: Callable[[], None] = lambda: None

    def __call__(self, upstream: str) -> list[ModelInfo]:
        self.asked.append(upstream)
        self.before()
        found = self.lists[upstream]
        if isinstance(found, Exception):
            raise found
        return [ModelInfo(name, owned_by=upstream, created=7) for name in found]


def names(found: Catalog) -> list[str]:
    return [info.id for info in found.models()]


def made(providers: Providers, *servings: Serving, mapped: Mapping[str, tuple[str, ...]] | None = None) -> Catalog:
    return Catalog(servings or [Serving(name) for name in providers.lists], Models(map=mapped or {}), providers)


def test_everything_sorted_and_once() -> None:
    providers = Providers(a=["m2", "shared"], b=["shared", "m1"])
    found = made(
        providers,
        Serving("a"),
        Serving("b", models=("m*", "literal", "other-*")),
        Serving("cli", tool="claude"),
        mapped={"alias": ("m1",), "wild-*": ("m1",), "m1": ("m2",)},
    )
    assert names(found) == ["alias", "claude", "literal", "m1", "m2", "shared"]
    assert {info.id: info.owned_by for info in found.models()}["shared"] == "a"
    assert sorted(providers.asked) == ["a", "b"]


def test_a_live_list_is_filtered_by_the_patterns() -> None:
    assert names(made(Providers(a=["gpt-5", "whisper"]), Serving("a", models=("gpt-*",)))) == ["gpt-5"]


def test_what_is_given_by_names_alone_is_not_asked_for() -> None:
    providers = Providers(a=RuntimeError("down"))
    assert names(made(providers, Serving("a", models=("one", "two")))) == ["one", "two"]
    assert providers.asked == []


def test_one_upstream_that_is_down_never_fails_the_list() -> None:
    assert names(made(Providers(up=["m"], down=OSError("refused")))) == ["m"]


def test_all_down_is_an_empty_list() -> None:
    assert names(made(Providers(a=OSError(), b=StopIteration()))) == []  # type: ignore[arg-type]


def test_a_list_is_fresh_for_five_minutes(clock: Clock) -> None:
    providers = Providers(a=["m"])
    found = made(providers)
    names(found), found.listed("a", "m"), names(found)
    assert providers.asked == ["a"]
    clock.now += FRESH_S - 1
    assert found.listed("a", "m") is True and providers.asked == ["a"]
    clock.now += 2
    providers.lists["a"] = ["n"]
    assert found.listed("a", "m") is False and names(found) == ["n"] and providers.asked == ["a", "a"]
    assert FRESH_S == 300


def test_one_that_failed_is_asked_again_sooner_and_keeps_what_was_known(clock: Clock) -> None:
    providers = Providers(a=["m"])
    found = made(providers)
    assert names(found) == ["m"]
    clock.now += FRESH_S + 1
    providers.lists["a"] = OSError("down")
    assert names(found) == ["m"] == names(found) and len(providers.asked) == 2
    assert found.listed("a", "m") is True
    clock.now += RETRY_S + 1
    providers.lists["a"] = ["n"]
    assert names(found) == ["n"]


def test_listed() -> None:
    found = made(Providers(a=["m"], down=OSError()))
    assert found.listed("a", "m") is True
    assert found.listed("a", "n") is False
    assert found.listed("down", "m") is None
    assert found.listed("nobody", "m") is None


def together(count: int, action: Callable[[], None]) -> None:
    threads = [threading.Thread(target=action) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_one_request_fetches_for_all() -> None:
    providers = Providers(a=["m"])
    providers.before = lambda: time.sleep(0.1)
    found = made(providers)
    seen: list[list[str]] = []
    together(10, lambda: seen.append(names(found)))
    assert providers.asked == ["a"] and seen == [["m"]] * 10


def test_while_one_asks_again_the_others_use_what_is_known(clock: Clock) -> None:
    providers = Providers(a=["old"])
    found = made(providers)
    names(found)
    clock.now += FRESH_S + 1
    asking, answered = threading.Event(), threading.Event()

    def held() -> None:
        asking.set()
        assert answered.wait(10)

    providers.before, providers.lists["a"] = held, ["new"]
    slow = threading.Thread(target=names, args=(found,))
    slow.start()
    assert asking.wait(10)
    assert names(found) == ["old"]
    answered.set()
    slow.join(10)
    assert names(found) == ["new"] and providers.asked == ["a", "a"]


def test_upstreams_that_are_down_cost_their_limit_together() -> None:
    providers = Providers(**{f"u{number}": OSError("down") for number in range(6)})
    barrier = threading.Barrier(6)
    providers.before = lambda: (barrier.wait(10), None)[1]
    assert names(made(providers)) == []
    assert not barrier.broken
