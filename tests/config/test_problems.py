from gateway.config.problems import ConfigError, Problem


def test_text_has_path_message_and_remedy() -> None:
    error = ConfigError(iter([Problem("a.b", "is wrong", "Right it"), Problem("", "no place")]))
    assert str(error) == "a.b: is wrong. Right it\nno place"
    assert [problem.path for problem in error.problems] == ["a.b", ""]
