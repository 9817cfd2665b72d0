from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.monitoring import metrics as room
from gateway.monitoring.files import bury, clear
from gateway.monitoring.metrics import AccountState, Metrics, Now, endpoint_of
from tests.monitoring.test_archive import record


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    patched = pytest.MonkeyPatch()
    patched.setattr(room, "SAMPLE_S", 0.02)
    patched.setattr(room, "NAMES", 3)
    yield Metrics(tmp_path_factory.mktemp("data") / "metrics")
    patched.undo()


def samples(metrics: Metrics, *accounts: AccountState) -> dict[tuple[str, ...], float]:
    page = metrics.page(accounts).decode()
    return {
        (
            each.name.removeprefix("dragoman_"),
            *(f"{name}={value}" for name, value in sorted(each.labels.items())),
        ): each.value
        for family in text_string_to_metric_families(page)
        for each in family.samples
    }


def test_records_are_counted(metrics: Metrics) -> None:
    metrics.take(
        [
            record(1, upstream="up", input_tokens=100, cached_tokens=60, cache_write_tokens=10, output_tokens=50,
                   reasoning_tokens=20, source="provider", cost_usd=0.5, ended="complete", mode="passthrough",
                   first_content_s=0.2, attempts=["up/a: rotate", "up/b: answered"], losses=2),
            record(2, upstream="up", status=429, mapped="m1"),
        ]
    )  # fmt: skip
    found = samples(metrics)
    of = ("endpoint=/messages", "key=anna", "model=m1")
    assert found["requests_total", *of, "status=200", "upstream=up"] == 1
    assert found["requests_total", *of, "status=429", "upstream=up"] == 1
    told = {kind: found["tokens_total", "key=anna", f"kind={kind}", "model=m1", "upstream=up"] for kind in KINDS}
    assert told == KINDS
    assert found["cost_usd_total", "key=anna", "model=m1"] == 0.5
    assert found["retries_total", "upstream=up"] == 1 and found["losses_total", "endpoint=/messages"] == 2
    assert found["answers_total", "ended=complete", "mode=passthrough"] == 1
    assert found["request_seconds_count", "endpoint=/messages"] == 2
    assert found["first_content_seconds_bucket", "le=0.25", "upstream=up"] == 1
    assert found["first_content_seconds_bucket", "le=0.1", "upstream=up"] == 0


KINDS = {"input": 30, "cached": 60, "cache_write": 10, "output": 30, "reasoning": 20}


def test_the_gateways_own_share(metrics: Metrics) -> None:
    """`seconds` are 0.5; a record of nobody asked, or whose waiting is not known, says nothing about it."""
    metrics.take(
        [
            record(1, mode="wrapped", waited_s=0.48, tries=["one"]),
            record(2, mode="wrapped", waited_s=None, tries=["one"]),
            record(3, mode="wrapped", waited_s=0.0),
        ]
    )
    found = samples(metrics)
    assert found["overhead_seconds_count", "mode=wrapped"] == 1
    assert found["overhead_seconds_sum", "mode=wrapped"] == pytest.approx(0.02)


def test_many_at_once_are_observed_as_one_after_the_other(metrics: Metrics) -> None:
    amounts = [0.0, 0.05, 0.050001, 0.3, 0.3, 10, 640, 641, 1e9]
    metrics.take([record(path="/embeddings", seconds=amount) for amount in amounts])
    for amount in amounts:
        metrics._seconds.labels("/models").observe(amount)
    found = {name: value for name, value in samples(metrics).items() if name[0].startswith("request_seconds")}
    at_once, one_by_one = (
        [value for name, value in found.items() if f"endpoint={endpoint}" in name]
        for endpoint in ("/embeddings", "/models")
    )
    assert at_once == one_by_one and len(at_once) == len(room.SECONDS) + 3


def test_clients_cannot_make_series_without_end(metrics: Metrics) -> None:
    metrics.take([record(n, mapped=f"guess-{n}", path=f"/guess/{n}") for n in range(50)])
    found = [name for name in samples(metrics) if name[0] == "requests_total"]
    assert len(found) < 10 and any("model=other" in name and "endpoint=other" in name for name in found)


def test_a_file_another_worker_is_just_making(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics.take([record(1)])
    half = metrics._folder / "counter_1.db"
    half.touch()
    monkeypatch.setattr(room, "READ_AGAIN_S", 0.01)
    threading.Timer(0.02, half.unlink).start()
    assert b"dragoman_requests_total" in metrics.page(())


def test_the_disk_has_room_for_the_files_before_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker that writes into a mapped hole of a file on a full disk is killed by SIGBUS."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    found = Metrics(tmp_path / "metrics")
    with monkeypatch.context() as patched:
        patched.setattr("os.posix_fallocate", full)
        found.take([record()])
    assert "No space left" in caplog.text and list((tmp_path / "metrics").iterdir()) == []
    found.take([record()])
    made = list((tmp_path / "metrics").iterdir())
    assert {file.name.rpartition("_")[0] for file in made} == set(room.FILES)
    assert all(file.stat().st_blocks * 512 >= room.FILE_BYTES for file in made)


def test_states_of_this_moment(metrics: Metrics) -> None:
    metrics.watch(lambda: Now(3, 4))
    metrics.take([record(1)])
    for _ in range(100):
        found = samples(metrics, AccountState("up", "a", "usable"), AccountState("up", "b", "resting", 12.5))
        if found.get(("running_requests",)) == 3:
            break
    assert found["accounts", "state=usable", "upstream=up"] == found["accounts", "state=resting", "upstream=up"] == 1
    assert found["account_rest_seconds", "account=b", "upstream=up"] == 12.5


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v1/chat/completions", "/chat/completions"),
        ("/openai/v1/completions", "/completions"),
        ("/v1beta/models/a:b:streamGenerateContent", ":streamGenerateContent"),
        ("/v1/models/secret-name", "other"),
    ],
)
def test_endpoints(path: str, endpoint: str) -> None:
    assert endpoint_of(path) == endpoint


def test_files_of_workers_that_ended(tmp_path: Path) -> None:
    for name in ("gauge_livesum_7.db", "gauge_livesum_77.db", "counter_7.db"):
        (tmp_path / name).touch()
    bury(tmp_path, 7)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_7.db", "gauge_livesum_77.db"]
    clear(tmp_path)
    clear(tmp_path / "missing")
    assert not list(tmp_path.iterdir())
