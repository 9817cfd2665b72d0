import datetime
from typing import Any

from gateway.config.substitution import Substituted, join, substitute

ENVIRON = {"KEY": "secret", "N": "7", "EMPTY": ""}


def _never(path: str, variable: str) -> bool:
    return False


def test_strings_everywhere_and_nothing_else() -> None:
    day = datetime.date(2027, 1, 1)
    document: dict[str, Any] = {
        "a": {"b": ["x-${KEY}-${N}", 3, True, 1.5, day]},
        "c": [{"d": "${KEY}"}],
        "${KEY}": "$KEY $${KEY} ${} ${a-b} $",
    }
    result, problems = substitute(document, ENVIRON, _never)
    assert not problems
    assert result == {
        "a": {"b": ["x-secret-7", 3, True, 1.5, day]},
        "c": [{"d": "secret"}],
        "${KEY}": "$KEY ${KEY} ${} ${a-b} $",
    }
    assert document["c"] == [{"d": "${KEY}"}]


def test_only_a_whole_string_is_marked() -> None:
    result, _ = substitute({"a": "${N}", "b": "x${N}", "c": "$${N}"}, ENVIRON, _never)
    assert isinstance(result["a"], Substituted) and result["a"].variable == "N"
    assert not isinstance(result["b"], Substituted) and not isinstance(result["c"], Substituted)


def test_values_are_not_replaced_again() -> None:
    result, problems = substitute({"a": "${A}"}, {"A": "${B}", "B": "b"}, _never)
    assert (result["a"], problems) == ("${B}", [])


def test_unset_and_empty_are_named_with_their_path() -> None:
    _, problems = substitute({"a": {"x.y": ["", "${GONE}${EMPTY}"]}}, ENVIRON, _never)
    assert [problem.path for problem in problems] == ['a."x.y"[1]'] * 2
    assert "GONE" in problems[0].message and "EMPTY" in problems[1].message and ".env" in problems[0].remedy


def test_unset_may_be_skipped() -> None:
    asked: list[tuple[str, str]] = []

    def skip(path: str, variable: str) -> bool:
        asked.append((path, variable))
        return True

    result, problems = substitute({"a": ["${GONE}"]}, {}, skip)
    assert (result, problems, asked) == ({"a": [""]}, [], [("a[0]", "GONE")])


def test_join_quotes_like_toml() -> None:
    assert join("", "a") == "a"
    assert join("a", "b-c_1") == "a.b-c_1"
    assert join("models.map", 'gpt-4.1"') == 'models.map."gpt-4.1\\""'
