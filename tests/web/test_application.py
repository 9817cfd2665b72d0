from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import Client

from gateway.config.model import Auth, Config, Server
from gateway.config.problems import ConfigError, Problem
from gateway.web import application
from gateway.web.application import Application
from tests.web.served import upstream


class Loader:
    def __init__(self, tmp_path: Path) -> None:
        self.found: Config | Exception = serving("one", tmp_path)
        self.times = 0

    def __call__(self) -> Config:
        self.times += 1
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def listed(app: Application) -> list[str]:
    return [each["id"] for each in Client(app).get("/v1/models").get_json()["data"]]


def serving(name: str, tmp_path: Path, **server: object) -> Config:
    return Config(upstreams=(upstream("openai", models=(name,)),), data_dir=tmp_path, server=Server(**server))  # type: ignore[arg-type]


def test_it_is_built_on_the_first_request_and_once(loader: Loader) -> None:
    app = Application(loader)
    assert loader.times == 0
    assert listed(app) == listed(app) == ["one"] and loader.times == 1


def test_reload_swaps(loader: Loader, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = Application(loader)
    assert listed(app) == ["one"]
    recorder = app.gateway.recorder
    loader.found = serving("two", tmp_path, port=9999, workers=7)
    assert app.reload() and listed(app) == ["two"]
    assert app.gateway.recorder is recorder
    assert "[server] port changed" in caplog.text and "[server] workers changed" in caplog.text
    assert "host changed" not in caplog.text
    caplog.clear()
    loader.found = serving("two", tmp_path)
    assert app.reload() and "takes effect only after a restart" not in caplog.text, "it is as it was at the start again"


@pytest.mark.parametrize("local_only", [True, False])
def test_sample_keys_are_refused_on_reload_too_where_others_can_reach_us(
    loader: Loader, tmp_path: Path, caplog: pytest.LogCaptureFixture, local_only: bool
) -> None:
    app = Application(loader)
    app.local_only = local_only
    assert app.gateway.config is loader.found
    loader.found = replace(serving("two", tmp_path), auth=Auth(mode="off", admin_key="changeme"))
    assert app.reload() is local_only
    assert ("auth.admin_key: is a sample" in caplog.text) is not local_only


def test_an_invalid_file_is_refused_and_the_old_one_stays(loader: Loader, caplog: pytest.LogCaptureFixture) -> None:
    app = Application(loader)
    assert listed(app) == ["one"]
    loader.found = ConfigError([Problem("server.prt", "unknown key", "Did you mean port")])
    assert not app.reload() and listed(app) == ["one"]
    assert "server.prt" in caplog.text and "the old configuration stays" in caplog.text


def failing(*_: object, **__: object) -> None:
    raise ValueError("cannot be built")


@pytest.mark.parametrize("part", ["build", "create_app"])
def test_a_failure_while_building_leaves_the_old_one(
    loader: Loader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    app = Application(loader)
    old = app.gateway
    loader.found = serving("two", tmp_path)
    monkeypatch.setattr(application, part, failing)
    assert not app.reload() and app.gateway is old and listed(app) == ["one"]


def test_a_running_request_keeps_its_gateway_and_is_drained_with_it(loader: Loader, tmp_path: Path) -> None:
    app = Application(loader)
    old = app.gateway
    ended: list[str] = []

    class Live:
        def abort(self, reason: str) -> None:
            ended.append(reason)

    old.running[Live()] = None  # type: ignore[index, assignment]
    loader.found = serving("two", tmp_path)
    app.reload()
    app.drain()
    assert old.draining and app.gateway.draining and app.gateway is not old
    app.end_running()
    assert ended == ["draining"]


def test_what_keys_have_used_is_counted_in_one_place_however_often_it_is_reloaded(loader: Loader) -> None:
    app = Application(loader)
    ledger = app.gateway.admission.ledger
    assert app.reload() and app.gateway.admission.ledger is ledger


def test_a_reload_while_draining_does_not_open_again(loader: Loader, tmp_path: Path) -> None:
    app = Application(loader)
    _ = app.gateway
    app.drain()
    loader.found = serving("two", tmp_path)
    app.reload()
    assert app.gateway.draining and Client(app).get("/readyz").status_code == 503


@pytest.mark.parametrize(("local_only", "status"), [(True, 200), (False, 401)])
def test_the_listening_sockets_decide_about_auto(loader: Loader, local_only: bool, status: int) -> None:
    app = Application(loader)
    app.local_only = local_only
    assert Client(app).get("/v1/models").status_code == status


def test_hints_are_said(loader: Loader, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "dragoman")
    loader.found = Config(
        upstreams=(upstream("openai", models=("one",)),), data_dir=tmp_path, hints=("a hint",), warnings=("a warning",)
    )
    listed(Application(loader))
    levels = {record.getMessage(): record.levelname for record in caplog.records}
    assert levels["configuration: a hint"] == "INFO" and levels["configuration: a warning"] == "WARNING"
