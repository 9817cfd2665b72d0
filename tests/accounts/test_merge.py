"""Two tokens.json that began as one."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.accounts.merge import merged
from gateway.accounts.project import disabling, fingerprint, projects_of


def entry(token: str, **more: Any) -> dict[str, Any]:
    return {"refresh_token": token, "access_token": f"at-{token}", "expires_at": 1000, "enabled": True, **more}


def document(*entries: Any, **more: Any) -> dict[str, Any]:
    return {"projects": list(entries), **more}


BASE = document(entry("a", email="a@x"), entry("b", email="b@x"), oauth_config={"client_id": "c"})


def test_who_changed_nothing_takes_the_other() -> None:
    """Whatever the order: otherwise two machines would never agree."""
    other = document(entry("b", email="b@x"), entry("a", email="a@x", note=1))
    assert merged(BASE, BASE, other) is other and merged(BASE, other, BASE) is other


def test_changes_of_both_sides_meet() -> None:
    mine = document(entry("a", email="a@x", enabled=False), entry("b", email="b@x"), oauth_config={"client_id": "d"})
    theirs = document(
        entry("a", email="a@x", access_token="newer", expires_at=2000), entry("b", email="b@x"), entry("c"),
        oauth_config={"client_id": "c"}, keys=[1],
    )  # fmt: skip
    both = merged(BASE, mine, theirs)
    assert both["oauth_config"] == {"client_id": "d"} and both["keys"] == [1]
    a, b, c = both["projects"]
    assert a["enabled"] is False and a["access_token"] == "newer" and a["expires_at"] == 2000
    assert b == entry("b", email="b@x") and c == entry("c")
    assert merged(theirs, theirs, both) is both


def test_a_hand_edit_wins() -> None:
    mine = document(entry("typed", email="a@x", access_token=None, expires_at=None), entry("b", email="b@x"))
    theirs = document(entry("a", email="a@x", access_token="fresh", expires_at=9000), entry("b", email="b@x"))
    first = merged(BASE, mine, theirs)["projects"][0]
    assert (first["refresh_token"], first["access_token"], first["expires_at"]) == ("typed", None, None)


@pytest.mark.parametrize(("mine_until", "theirs_until", "kept"), [(5000, 4000, "mine"), (4000, 5000, "theirs")])
def test_of_two_refreshes_the_longer_lasting_is_kept_whole(mine_until: int, theirs_until: int, kept: str) -> None:
    def turned(name: str, until: int) -> dict[str, Any]:
        return entry(f"r-{name}", email="a@x", access_token=name, expires_at=until, rotated_from=fingerprint("a"))

    both = merged(BASE, document(turned("mine", mine_until)), document(turned("theirs", theirs_until)))
    (only,) = both["projects"]
    assert (only["refresh_token"], only["access_token"]) == (f"r-{kept}", kept)
    assert only["expires_at"] == max(mine_until, theirs_until)


def test_removed_is_removed_on_both_sides() -> None:
    shorter = document(entry("b", email="b@x"))
    changed = document(entry("a", email="a@x", access_token="newer", expires_at=2000), entry("b", email="b@x", n=1))
    for both in (merged(BASE, shorter, changed), merged(BASE, changed, shorter)):
        assert [each["refresh_token"] for each in both["projects"]] == ["b"]


def test_added_on_both_sides_stands_once() -> None:
    both = merged(document(), document(entry("n"), entry("m")), document(entry("n")))
    assert [each["refresh_token"] for each in both["projects"]] == ["n", "m"]


def test_with_nothing_in_common_the_file_is_imported() -> None:
    mine = document(entry("a", access_token="old", expires_at=5), entry("own"), keys=["k"], oauth_config={})
    theirs = document(entry("a", access_token="new", expires_at=9), entry("b"), oauth_config={"client_id": "c"})
    both = merged(None, mine, theirs)
    assert [each["refresh_token"] for each in both["projects"]] == ["a", "b", "own"]
    assert both["projects"][0]["access_token"] == "new" and both["oauth_config"] == {"client_id": "c"}
    assert both["keys"] == ["k"]


def test_a_disablement_of_an_older_token_does_not_stick() -> None:
    mine = document({**entry("a", email="a@x"), **disabling("revoked", "a")})
    theirs = document(entry("a2", email="a@x", rotated_from=fingerprint("a"), access_token="n", expires_at=2000))
    both = merged(document(entry("a", email="a@x")), mine, theirs)
    (only,) = projects_of(both)
    assert only.refresh_token == "a2" and only.disabled_reason is None


def test_placeholders_and_rubbish_stay_single() -> None:
    rubbish = [7, {"refresh_token": ""}, {"refresh_token": "your-refresh-token"}, {"refresh_token": ""}]
    base = document(*rubbish, entry("a"))
    both = merged(base, document(*rubbish, entry("a"), entry("b")), document(*rubbish, entry("a", n=1)))
    assert both["projects"] == [*rubbish, entry("a", n=1), entry("b")]


def test_a_bare_list_is_a_document() -> None:
    assert merged([entry("a")], [entry("a"), entry("b")], document(entry("a", n=1)))["projects"] == [
        entry("a", n=1), entry("b"),
    ]  # fmt: skip


def test_many_accounts_are_merged_quickly() -> None:
    import time

    many = [entry(f"t{number}", email=f"{number}@x") for number in range(2000)]
    began = time.process_time()
    both = merged(None, document(*many, entry("mine")), document(*many[1:], entry("theirs")))
    assert len(both["projects"]) == 2002 and time.process_time() - began < 1
