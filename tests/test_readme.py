"""Every command of the README that can run here is run, against a gateway started as its reader would start it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config.load import load
from tests.running import RunningGateway

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"<!-- run(?P<how>: \w+)? -->\n```(?P<language>\w+)\n(?P<code>.*?)```", re.S)
BLOCKS = [match.groupdict() for match in BLOCK.finditer((ROOT / "README.md").read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningGateway]:
    with RunningGateway("") as running:
        yield running


def run(language: str, code: str) -> str:
    command = ["bash", "-euc", code] if language == "sh" else [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block["how"]], ids=lambda block: block["code"][:60])
def test_examples_answer(block: dict[str, str], gateway: RunningGateway) -> None:
    code = block["code"].replace("http://localhost:8045", gateway.url)
    said = run(block["language"], code)
    assert "Paris" in said or "Par" in "".join(re.findall(r'"(?:text|content)":\s?"([^"]*)"', said)), said[-2000:]
    if "curl -N" in code:
        ends = {"/v1/chat/completions": "data: [DONE]", "/v1/messages": "message_stop", "alt=sse": '"finishReason"'}
        assert any(end in said for path, end in ends.items() if path in code), said[-500:]


def test_commands_of_the_configuration_part() -> None:
    (block,) = [block for block in BLOCKS if block["how"]]
    code = block["code"].replace("dragoman ", f"{Path(sys.executable).parent}/dragoman ")
    said = run("sh", code)
    assert "gpt-4o" in said


def test_the_configurations_shown_are_valid_together(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n((?!# ~/).*?)```", text, re.S)
    assert len(blocks) >= 3
    upstreams = [block for block in blocks if block.startswith("[[upstreams]]")]
    file = tmp_path / "dragoman.toml"
    file.write_text("\n".join([*(block for block in blocks if block not in upstreams), *upstreams]), encoding="utf-8")
    environ = {
        "GEMINI_API_KEY": "AIzaTest-0123456789",
        "OAUTH_CLIENT_ID": "client.apps.example",
        "OAUTH_CLIENT_SECRET": "a-secret-0123456789",
        "REDIS_PASSWORD": "a-password-0123456789",
        "DRAGOMAN_ADMIN_KEY": "an-admin-key-0123456789",
        "DRAGOMAN_DATA": str(tmp_path),
    }
    config = load(file, environ=environ)
    assert config.upstreams[0].accounts[0].api_key == environ["GEMINI_API_KEY"]
    assert config.upstreams[1].oauth.client_id == environ["OAUTH_CLIENT_ID"]
    assert config.models.map["claude-*"] == ("anthropic/claude-sonnet-4-5", "gemini-2.5-pro")


@pytest.mark.parametrize("page", ["google-accounts", "command-line-assistants", "operations"])
def test_the_configurations_of_the_guides_are_valid(page: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, re.S)
    file = tmp_path / "dragoman.toml"
    file.write_text(block, encoding="utf-8")
    names = re.findall(r"\$\{(\w+)\}", block)
    config = load(file, environ={**dict.fromkeys(names, "a-value-0123456789"), "DRAGOMAN_DATA": str(tmp_path)})
    assert config.upstreams or config.state.url


PAGES = ["README.md", "CHANGELOG.md", *sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Files, and headings as GitHub names them."""
    file = ROOT / page
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.exists(), f"{page}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
            names = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
            assert anchor in names, f"{page}: {target}"
