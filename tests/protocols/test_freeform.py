"""Free-form tools where functions only are known."""

from __future__ import annotations

import pytest

from gateway.canon.dialogue import Tool
from gateway.protocols.freeform import worded_format

LARK = {"type": "grammar", "syntax": "lark", "definition": "start: A"}


@pytest.mark.parametrize(
    ("description", "form", "worded"),
    [
        ("Patches.", LARK, "Patches.\n\n`input` must match this lark grammar:\nstart: A"),
        (
            None,
            {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}},
            "`input` must match this regex grammar:\na+",
        ),
        ("Patches.", {"type": "text"}, "Patches."),
        ("Patches.", None, "Patches."),
        (None, {"type": "grammar", "grammar": "odd"}, None),
    ],
)
def test_a_grammar_is_told_in_words(
    description: str | None, form: dict[str, object] | None, worded: str | None
) -> None:
    assert worded_format(Tool("custom", "patch", description, raw=form)) == worded
