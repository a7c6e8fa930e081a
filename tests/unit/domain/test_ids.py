"""Forms of ids that clients send, and which of them are ours."""

import pytest

from app.domain.errors import Malformed
from app.domain.ids import canonical, mint, parse, resource_of


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("ami-0a11beef", "emi-0a11beef"),
        ("AKI-0A11BEEF", "eki-0a11beef"),
        ("ari-0a11beef", "eri-0a11beef"),
        (" i-0123456789abcdef0 ", "i-0123456789abcdef0"),
        ("I-ABCDEF01", "i-abcdef01"),
    ],
)
def test_spellings_of_one_id_are_folded(given: str, expected: str) -> None:
    assert canonical(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "",
        "i",
        "i-",
        "i-123",
        "i-0123456789",
        "i-0123456g",
        "vol-01234567",
        "-01234567",
        "i-0123456\u0661",
        "i_01234567",
    ],
)
def test_what_has_not_the_form_of_an_instance_id_is_malformed(given: str) -> None:
    with pytest.raises(Malformed) as refused:
        parse(given, "instance")
    assert (refused.value.resource, refused.value.given) == ("instance", given)


def test_one_of_several_kinds_is_accepted() -> None:
    assert parse("eki-01234567", "machine image", "kernel image") == "eki-01234567"


def test_an_id_tells_its_kind() -> None:
    assert resource_of("ami-01234567") == "machine image"
    assert resource_of("xyz-01234567") is None
    assert resource_of("no id") is None


def test_too_little_entropy_gives_no_valid_id() -> None:
    with pytest.raises(Malformed):
        parse(mint("instance", b"\x01\x02"), "instance")
