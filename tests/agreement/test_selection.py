"""Which account is next, whichever server answers (issue 7, shown point 1)."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby

from tests.agreement.house import DIALECTS, House


def asked(house: House, model: str, requests: int) -> list[list[str]]:
    """So many equal one-turn requests, divided among the servers: each one's accounts in order."""
    found = []
    for server in range(house.servers):
        house.forget()
        with house.at(server) as client:
            for _ in range(requests // house.servers):
                assert client.ask("chat", model=model).status == 200
        found.append(house.accounts())
    return found


def test_two_hundred_equal_requests_rotate_every_three_uses(house: House) -> None:
    found = asked(house, "rotates", 200)
    for served in found:
        runs = [(key, len(list(group))) for key, group in groupby(served)]
        assert [length for _, length in runs[:-1]] == [3] * (len(runs) - 1)
        assert [key for key, _ in runs] == [f"k{n % 4}" for n in range(len(runs))]
    shares = Counter(key for served in found for key in served)
    assert len(shares) == 4 and all(45 <= share <= 55 for share in shares.values()), shares
    house.gateways[0].wait_for_log("use=2/3", 64 // len(house.gateways))
    assert set(re.findall(r"rotates .*use=(\S+)", house.gateways[0].log())) == {"1/3", "2/3", "3/3"}


def test_shares_follow_the_weights(house: House) -> None:
    shares = Counter(key for served in asked(house, "weighs", 160) for key in served)
    assert 108 <= shares["three"] <= 132 and 36 <= shares["one"] <= 44, shares


def test_accounts_of_several_kinds_in_one_pool(house: House) -> None:
    for served in asked(house, "mixed", 48):
        assert set(Counter(served).values()) == {len(served) // 4} and len(set(served)) == len(DIALECTS)
