from pathlib import Path

import pytest

from gateway.config.problems import ConfigError
from gateway.config.toml_file import read_toml


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"[server]\nport = \n", "line 2, column 8"),
        (b"[server]\nport = 1\n[server]\n", "line 3, column 8"),
        (b'[server]\nhost = "127', "line 2, column 12"),
        (b"a = 1\nb = True\n", "line 2, column 5"),
    ],
)
def test_syntax_errors_name_line_and_column(tmp_path: Path, content: bytes, where: str) -> None:
    path = tmp_path / "dragoman.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_toml(path)
    (problem,) = caught.value.problems
    assert problem.path == str(path) and problem.message.startswith(where) and problem.remedy


def test_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    path = tmp_path / "d.toml"
    path.write_bytes(b'\xef\xbb\xbf[server]\r\nhost = "\xc3\xa9"\r\n')
    assert read_toml(path) == {"server": {"host": "é"}}


def test_not_text_not_there_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'a = "\xe9"')
    for name, words in (("latin.toml", "UTF-8"), ("gone.toml", "cannot be read"), (".", "cannot be read")):
        with pytest.raises(ConfigError, match=words):
            read_toml(tmp_path / name)
