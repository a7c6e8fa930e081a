"""What of a guest's bytes reaches the terminal of whoever sits at its console."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.harmless import Harmless

HARMFUL = {
    "the clipboard": b"\x1b]52;c;ZXZpbA==\x07",
    "the title": b"\x1b]0;title\x1b\\",
    "the title, told back": b"\x1b[21t",
    "a device's own string": b'\x1bP$q"p\x1b\\',
    "a message": b"\x1b^hidden\x1b\\",
    "a whole reset": b"\x1bc",
    "the mouse": b"\x1b[?1000h",
    "keys": b"\x1b[>4;2m",
    "who are you": b"\x1b[c",
    "the same as one sign": "\x9b21t".encode(),
    "another alphabet": b"\x1b(0",
}


@pytest.mark.parametrize("harm", HARMFUL.values(), ids=HARMFUL)
def test_sequences_that_reach_further_than_the_picture_are_taken_out(harm: bytes) -> None:
    for cut in range(len(harm) + 1):
        given_out = Harmless()
        shown = given_out.feed(b"a" + harm[:cut]) + given_out.feed(harm[cut:] + b"b")
        assert shown.replace("21t", "") == "ab"


@pytest.mark.parametrize(
    "text", ["\x1b[1;31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[?25l", "\x1b[6n", "é漢\r\n\t\b", "\x1bM"]
)
def test_text_colours_and_the_cursor_pass(text: str) -> None:
    shown = Harmless()
    assert "".join(shown.feed(bytes([byte])) for byte in text.encode()) == text


@given(st.binary(max_size=400), st.integers(0, 400))
def test_whatever_comes_in_whatever_pieces_nothing_else_passes(data: bytes, cut: int) -> None:
    shown = Harmless()
    text = shown.feed(data[:cut]) + shown.feed(data[cut:]) + shown.feed(b"\x1b\\" + b"x" * 300)
    assert not any("\x80" <= sign <= "\x9f" for sign in text)
    assert all(after and after[0] in "[78DEM=>" for after in text.split("\x1b")[1:])


def test_a_string_that_never_ends_does_not_hold_the_rest_back() -> None:
    shown = Harmless()
    shown.feed(b"\x1b]0;")
    assert "the end" in shown.feed(b"x" * 1000 + b"the end")
