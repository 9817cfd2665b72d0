"""The walls between the rooms, read from every import statement (those inside functions and TYPE_CHECKING too)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
EVERYTHING = frozenset({"*"})

ROOMS: dict[str, frozenset[str]] = {
    "canon": frozenset(),
    "errors": frozenset({"canon"}),
    "schemas": frozenset({"canon", "config"}),
    "config": frozenset({"schemas"}),
    "protocols": frozenset({"canon"}),
    "state": frozenset({"canon", "config", "errors"}),
    "accounts": frozenset({"canon", "config", "errors", "state"}),
    "routing": frozenset({"accounts", "canon", "config", "errors"}),
    "upstreams": frozenset({"canon", "config", "errors"}),
    "keys": frozenset({"config", "state"}),
    "monitoring": frozenset({"canon", "config", "state"}),
    "relay": frozenset({"accounts", "canon", "config", "errors", "protocols", "routing", "state", "upstreams"}),
    "web": frozenset(
        {"accounts", "canon", "command", "config", "errors", "keys", "monitoring", "protocols", "relay", "routing"}
    )
    | {"schemas", "state", "upstreams", "wiring", "app"},
    "command": frozenset({"accounts", "canon", "config", "errors", "keys", "monitoring", "relay", "routing", "state"})
    | {"upstreams", "web", "wiring"},
    "wiring": EVERYTHING,
    "app": frozenset({"command", "web"}),
    "gunicorn.conf": frozenset({"web"}),
}
"""Room -> the rooms it may import. A new room needs a line here, and the line a reason."""

PACKAGES: dict[str, frozenset[str]] = {
    "flask": frozenset({"web"}),
    "werkzeug": frozenset({"web"}),
    "jinja2": frozenset({"web"}),
    "gunicorn": frozenset({"web"}),
    "requests": frozenset({"upstreams"}),
    "urllib3": frozenset({"upstreams"}),
    "certifi": frozenset({"upstreams"}),
    "subprocess": frozenset({"upstreams"}),
    "gevent": frozenset({"state", "upstreams", "web"}),
    "xllamacpp": frozenset({"upstreams"}),
    "marshmallow": frozenset({"schemas", "config"}),
    "click": frozenset({"command"}),
    "dotenv": frozenset({"config"}),
    "sqlalchemy": frozenset({"monitoring"}),
    "prometheus_client": frozenset({"monitoring"}),
    "opentelemetry": frozenset({"monitoring"}),
    "orjson": frozenset({"protocols"}),
    "redis": frozenset({"state"}),
}
"""Package (or module of the standard library) that only these rooms may import. Others outside the standard library
need a line."""


class Import(NamedTuple):
    room: str
    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def room_of(module: str) -> str:
    """`gateway.relay.plan` -> relay; the package `gateway` itself (its version) is no room."""
    first, *rest = module.split(".")
    if first != "gateway":
        return first
    return rest[0] if rest and rest[0] != "__init__" else ""


def imports() -> Iterator[Import]:
    files = [*ROOT.glob("gateway/**/*.py"), *ROOT.glob("schemas/**/*.py"), ROOT / "app.py", ROOT / "gunicorn.conf.py"]
    for path in files:
        file = path.relative_to(ROOT)
        name = ".".join(file.with_suffix("").parts)
        room = name if "." in name and "/" not in str(file) else room_of(name)
        yield from imports_of(path.read_text(encoding="utf-8"), room, file)


def imports_of(source: str, room: str, file: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(room, file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = [*file.parts[: len(file.parts) - node.level], *([base] if base else [])]
                base = ".".join(package)
            for alias in node.names:
                yield Import(
                    room, file, node.lineno, f"{base}.{alias.name}" if base in ("gateway", "schemas") else base
                )


def is_ours(module: str) -> bool:
    return module.split(".")[0] in ("gateway", "schemas", "app")


def through_the_wall(each: Import) -> bool:
    """Whether this import goes where its room may not."""
    package = each.module.split(".")[0]
    if is_ours(each.module):
        target = room_of(each.module)
        allowed = ROOMS.get(each.room, frozenset())
        return target not in ("", "__version__", each.room) and target not in allowed and allowed != EVERYTHING
    if package in PACKAGES:
        return each.room not in PACKAGES[package]
    return package not in sys.stdlib_module_names


ALL = sorted(imports())


def test_there_is_something_to_look_at() -> None:
    assert len(ALL) > 300 and {"canon", "protocols", "relay", "web", "wiring"} <= {each.room for each in ALL}


def test_every_room_is_in_the_table() -> None:
    assert {each.room for each in ALL} - {""} <= ROOMS.keys()


def test_nothing_is_imported_through_a_wall() -> None:
    assert [str(each) for each in ALL if through_the_wall(each)] == []


def test_canon_needs_the_standard_library_only() -> None:
    modules = {each.module.split(".")[0] for each in ALL if each.room == "canon"} - {"gateway"}
    assert modules <= sys.stdlib_module_names


def test_only_the_edge_knows_the_wiring() -> None:
    assert {each.room for each in ALL if room_of(each.module) == "wiring"} <= {"web", "command"}


def test_arrows_never_point_back() -> None:
    """The rooms below web and wiring form layers: whoever is imported does not import back, at any distance."""
    for room in ("canon", "protocols", "state", "accounts", "routing", "upstreams", "relay", "monitoring"):
        reached, ahead = set(), [room]
        while ahead:
            for target in ROOMS[ahead.pop()] - reached:
                reached.add(target)
                ahead.append(target)
        assert room not in reached and not reached & {"web", "command", "wiring"}, room


def test_each_files_dialect_is_its_own() -> None:
    """A dialect's folder is opened by its own files and by those who list all dialects, never by its neighbours.

    completions is chat's older sibling and is written in its words; prompt is answered in them.
    """
    neighbours = []
    for each in ALL:
        parts, target = each.file.parts, each.module.split(".")
        if each.room != "protocols" or len(parts) < 4 or target[:2] != ["gateway", "protocols"] or len(target) < 3:
            continue
        mine, theirs = parts[2], target[2]
        if (
            theirs != mine
            and (ROOT / "gateway/protocols" / theirs).is_dir()
            and (mine, theirs) not in (("completions", "chat"), ("prompt", "chat"))
        ):
            neighbours.append(str(each))
    assert neighbours == []


@pytest.mark.parametrize("file", sorted((ROOT / "schemas").glob("**/*.py")), ids=lambda path: path.name)
def test_schemas_stay_small(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("canon", "import orjson"),
        ("canon", "from gateway.protocols.sse import Event"),
        ("protocols", "import requests"),
        ("protocols", "def f():\n    from flask import request"),
        ("relay", "from gateway.web import door"),
        ("relay", "from gateway import web"),
        ("relay", "import gateway.wiring"),
        ("routing", "from gateway.upstreams.upstream import Upstream"),
        ("accounts", "from gateway.upstreams.upstream import Upstream"),
        ("accounts", "import urllib3.util"),
        ("relay", "import subprocess"),
        ("config", "from gunicorn.config import Config"),
        ("upstreams", "from gateway.protocols.dialect import Dialect"),
        ("web", "import numpy"),
        ("relay", "from ..web import door"),
    ],
)
def test_the_walls_would_notice(room: str, source: str) -> None:
    found = list(imports_of(source, room, Path("gateway") / room / "file.py"))
    assert found and all(through_the_wall(each) for each in found)
