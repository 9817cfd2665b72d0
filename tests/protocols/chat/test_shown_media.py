from gateway.canon.parts import Media
from gateway.protocols.chat.shown_media import audio_object, in_words


def test_in_words() -> None:
    assert in_words(Media("image", "image/png", "AAAA")) == "![image](data:image/png;base64,AAAA)"
    assert in_words(Media("image", url="https://x/y", name="cat")) == "![cat](https://x/y)"
    assert in_words(Media("document", url="https://x/y", name="a.pdf")) == "[a.pdf](https://x/y)"
    assert in_words(Media("document", file_id="f")) == ""


def test_audio_has_all_keys() -> None:
    made = audio_object(Media("audio", data="AAAA"))
    assert set(made) == {"id", "data", "expires_at", "transcript"}
    told = {"id": "a", "expires_at": 5, "transcript": "t"}
    assert audio_object(Media("audio", data="AAAA", extras={"chat": {"audio": told}})) == {
        **told,
        "data": "AAAA",
    }
