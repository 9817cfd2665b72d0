import pytest

from gateway.config.placeholders import is_placeholder, is_published_key, is_sample_key


@pytest.mark.parametrize(
    "value",
    [
        "", "  ", "sk-...", "...", "xxx", "XXXX", "sk-xxxxxxxx", "AIza...", "AIzaSyB...",
        "sk-ant-...", "changeme",
        "change-me", "CHANGE_ME", "your-key", "YOUR_API_KEY", "your_client_id",
        "your_refresh_token_here", "sk-your-key",
        "your-project-id", "<your key>", "<key>", "replace_me", "replace-with-your-key",
        "insert-key", "token-goes-here",
        "todo", "****", "sk-…", "yourkey", "yourapikey",
    ],
)  # fmt: skip
def test_placeholders(value: str) -> None:
    assert is_placeholder(value)
    assert is_sample_key(value)


@pytest.mark.parametrize(
    "value",
    [
        "sk-proj-Ab3dEfGhIjKl", "AIzaSyD-real_Key0123456789", "1//0gRefreshTokenOfGoogle",
        "refresh_token_1", "test-key",
        "upstream-key-1", "sk-custom-key-1", "gsk_abc123", "exchange-medium", "youri-k3y", "k", "xai-abcdef", "sk-x",
        "x",
    ],
)  # fmt: skip
def test_credentials_are_not_placeholders(value: str) -> None:
    assert not is_placeholder(value)


@pytest.mark.parametrize("key", ["short", "1234567", "password", "test-key", "12345678"])
def test_sample_client_keys(key: str) -> None:
    assert is_sample_key(key)


@pytest.mark.parametrize("key", ["agent-token-1", "sk-custom-key-1", "b3e1f0c2d4", "sk-dragoman-abcdefgh"])
def test_keys_that_work_everywhere(key: str) -> None:
    assert not is_sample_key(key)


def test_published_keys() -> None:
    assert is_published_key("sk-custom-key-2") and is_sample_key("sk-antigravity")
    assert not is_published_key("sk-custom-key-of-mine")
