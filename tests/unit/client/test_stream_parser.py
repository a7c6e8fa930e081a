"""The stream's frames survive any cutting into pieces."""

from hypothesis import given
from hypothesis import strategies as st

from app.client.stream import Parser, Raw

LINE = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=20)
EVENT = st.tuples(LINE, LINE.filter(bool), st.lists(LINE, min_size=1, max_size=3))


@given(st.lists(EVENT, max_size=4), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_any_cutting_into_pieces_gives_the_same_frames(
    events: list[tuple[str, str, list[str]]], end: str, data: st.DataObject
) -> None:
    text = (
        "".join(
            f"id: {given_id}{end}event: {event}{end}{''.join(f'data: {line}{end}' for line in lines)}{end}"
            for given_id, event, lines in events
        ).encode()
        + b": a comment ends what a lone CR holds back\n"
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    parser = Parser()
    found = []
    for start, stop in zip([0, *cuts], [*cuts, len(text)], strict=True):
        found += list(parser.feed(text[start:stop]))
    assert found == [Raw(given_id, event, "\n".join(lines)) for given_id, event, lines in events]


def test_a_line_separator_of_unicode_inside_data_does_not_end_the_line() -> None:
    assert list(Parser().feed("data: a\u2028b\u0085c\x0bd\n\n".encode())) == [
        Raw("", "message", "a\u2028b\u0085c\x0bd")
    ]


def test_an_event_without_data_is_dropped_but_its_id_is_kept() -> None:
    assert list(Parser().feed(b"id: 7\n\nevent: host\ndata: {}\n\n")) == [Raw("7", "host", "{}")]
