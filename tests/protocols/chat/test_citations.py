from gateway.protocols.chat.citations import read_annotation, write_annotation

FLAT = {"type": "url_citation", "url": "https://x", "title": "t", "start_index": 1, "end_index": 2}
NESTED = {
    "type": "url_citation",
    "url_citation": {key: value for key, value in FLAT.items() if key != "type"},
}


def test_both_ways() -> None:
    assert read_annotation(NESTED) == FLAT
    assert write_annotation(FLAT) == NESTED
    assert write_annotation(NESTED) == NESTED


def test_the_unknown() -> None:
    odd = {"type": "file_citation", "file_id": "f"}
    assert read_annotation(odd) == odd
    assert write_annotation(odd) is None
