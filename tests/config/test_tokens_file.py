import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config.tokens_file import read_tokens, usable_projects

README_EXAMPLE: dict[str, Any] = {
    "oauth_config": {"client_id": "your_client_id", "client_secret": "your_client_secret"},
    "projects": [{"project_id": "your-project-id", "refresh_token": "your_refresh_token_here", "enabled": True}],
}


def test_the_readme_example_has_no_usable_project(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps(README_EXAMPLE))
    accounts, hints, problems = read_tokens(path)
    assert accounts == () and problems == []
    assert len(hints) == 1 and "projects[0]" in hints[0] and "your_refresh" not in hints[0]


def test_usable_ones_are_kept() -> None:
    projects = [
        {"project_id": "project-1", "refresh_token": " refresh_token_1 ", "email": "a@example.com"},
        {"project_id": None, "refresh_token": "refresh_token_2", "enabled": False},
        {"project_id": "p", "refresh_token": None},
        "rubbish",
    ]
    for document in ({"projects": projects}, projects):
        accounts, hints = usable_projects(document, "PROJECTS")
        assert [(one.project_id, one.refresh_token, one.email) for one in accounts] == [
            ("project-1", "refresh_token_1", "a@example.com"),
            ("", "refresh_token_2", ""),
        ]
        assert [hint.split(" is ")[0] for hint in hints] == ["PROJECTS: projects[2]", "PROJECTS: projects[3]"]


@pytest.mark.parametrize("document", [None, 3, "x", {}, {"projects": None}, []])
def test_other_shapes_have_no_projects(document: object) -> None:
    assert usable_projects(document, "x") == ((), [])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert read_tokens(tmp_path / "gone.json") == ((), [], [])
    (tmp_path / "empty.json").write_text("")
    assert read_tokens(tmp_path / "empty.json") == ((), [], [])
    (tmp_path / "torn.json").write_text('{"projects": [\n  {"refresh_token": "secret-token",')
    _, _, problems = read_tokens(tmp_path / "torn.json")
    assert len(problems) == 1 and problems[0].message.startswith("line 2, column")
    assert "secret-token" not in str(problems[0])
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    assert "UTF-8" in read_tokens(tmp_path / "latin.json")[2][0].message
    assert read_tokens(tmp_path)[2]
