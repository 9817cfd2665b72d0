from gateway.config.model import PRESETS as NAMES
from gateway.config.presets import BUILTIN, PRESETS


def test_every_preset_of_the_contract_has_ten_or_eleven_rules() -> None:
    assert {"", *PRESETS} == set(NAMES)
    assert all(len(rules) in (10, 11) for rules in PRESETS.values())


def test_values_of_the_default_preset() -> None:
    rules = PRESETS["default"]
    assert rules["gpt-4*"] == rules["o1-*"] == rules["o3-*"] == "gemini-3.1-pro-high"
    assert rules["gpt-4o*"] == "gemini-3-flash"
    assert rules["gpt-3.5*"] == rules["claude-haiku-*"] == rules["claude-3-haiku-*"] == "gemini-2.5-flash"
    assert rules["claude-3-5-sonnet-*"] == "claude-sonnet-4-6"
    assert rules["claude-3-opus-*"] == rules["claude-opus-4-6*"] == "claude-opus-4-6-thinking"


def test_character_of_the_other_presets() -> None:
    assert {target for name, target in PRESETS["performance"].items() if not target.startswith("claude")} == {
        PRESETS["performance"]["gpt-3.5*"]
    }
    assert set(PRESETS["cost_effective"].values()) == {"gemini-3-flash", "gemini-2.5-flash"}
    balanced = PRESETS["balanced"]
    assert balanced["o1-*"] == balanced["o3-*"] == "claude-sonnet-4-6"
    assert balanced["claude-3-opus-*"] == balanced["claude-opus-4-5*"] == "gemini-3.1-pro-high"


def test_builtin_aliases() -> None:
    for name in (
        "gpt-4*",
        "gpt-4o*",
        "gpt-4o-mini*",
        "gpt-3.5*",
        "gemini-2.5-flash-lite",
        "internal-background-task",
    ):
        assert BUILTIN[name] == "gemini-2.5-flash"
    assert BUILTIN["gemini-3-pro"] == "gemini-3-pro-preview"
    assert BUILTIN["gemini-3.1-pro"] == "gemini-3.1-pro-preview"
    assert BUILTIN["claude-opus-4*"] == "claude-opus-4-6-thinking"
    assert BUILTIN["claude-3-5-sonnet*"] == BUILTIN["claude-3-5-haiku*"] == "claude-sonnet-4-6"


def test_targets_are_single_models() -> None:
    for rules in (*PRESETS.values(), BUILTIN):
        assert all(target and "*" not in target for target in rules.values())
