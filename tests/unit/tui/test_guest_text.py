"""What guests write comes in pieces: strings of control are cut out of them, answers are put together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.tui.control_strings import MOST_BYTES, Unstrung
from app.tui.guest_text import MISSING, MOST_LINES, continued

SIGNS = st.sampled_from([b"\x1b", b"]", b"P", b"\\", b"\x07", b"52;c;x", b"text", b"\n", b"[31m", b"\x18", b"_", b"R"])


def cut(*pieces: bytes) -> bytes:
    unstrung = Unstrung()
    return b"".join(map(unstrung, pieces))


def test_titles_clipboards_and_device_strings_are_cut_out() -> None:
    assert cut(b"a\x1b]0;title\x07b\x1b]52;c;ZXZpbA==\x1b\\c\x1bPq#1\x1b\\d\x1b_x\x1b\\e\x1b^y\x1b\\f") == b"abcdef"


def test_what_is_no_such_string_stays() -> None:
    given = b"\x1b[31mred\x1b[0m \x1b(B \x1b]R \xc3\xa9"
    assert cut(given) == given


def test_a_string_that_does_not_end_swallows_no_more_than_its_bound() -> None:
    assert cut(b"\x1bP" + b"x" * MOST_BYTES + b"login: ") == b"login: "
    assert cut(b"\x1b]0;never\x1b[31mred") == b"\x1b[31mred"


@given(st.lists(SIGNS, max_size=12).map(b"".join), st.lists(st.integers(0, 40), max_size=4))
def test_it_does_not_matter_how_it_is_cut_into_pieces(data: bytes, places: list[int]) -> None:
    edges = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert cut(*pieces) == cut(data)


def test_an_answer_goes_on_where_the_one_before_ended() -> None:
    assert continued("", "one\r\n") == "one\r\n"
    assert continued("one\r\n", "one\r\ntwo") == "one\r\ntwo"
    assert continued("one\r\n", "") == "one\r\n"


@given(st.integers(1, 900), st.integers(0, 900))
def test_answers_that_overlap_are_put_together_without_loss(begins: int, more: int) -> None:
    lines = [f"line {number}\r\n" for number in range(1000 + more)]
    known, newest = "".join(lines[:1000]), "".join(lines[begins:])
    assert continued(known, newest) == "".join(lines)


def test_what_does_not_join_says_so() -> None:
    assert continued("old\r\n", "other") == f"old\r\n\r\n{MISSING}\r\nother"


def test_no_more_lines_are_kept_than_can_be_read() -> None:
    known = "".join(f"{number}\r\n" for number in range(MOST_LINES))
    text = continued(known, known[-5000:] + "the last\r\n")
    assert text.count("\n") < MOST_LINES
    assert text.endswith("the last\r\n")
