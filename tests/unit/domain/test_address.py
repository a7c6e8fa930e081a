"""What PUBLIC_IPS may say."""

import pytest

from app.domain.address import MOST_IN_POOL, addresses_of


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("203.0.113.9", ["203.0.113.9"]),
        ("203.0.113.9-203.0.113.11", ["203.0.113.9", "203.0.113.10", "203.0.113.11"]),
        ("203.0.113.0/30", ["203.0.113.1", "203.0.113.2"]),
        ("203.0.113.8/31", ["203.0.113.8", "203.0.113.9"]),
        ("203.0.113.10, 203.0.113.9 203.0.113.9", ["203.0.113.9", "203.0.113.10"]),
        ("!203.0.113.10 203.0.113.9-203.0.113.11", ["203.0.113.9", "203.0.113.11"]),
        ("203.0.113.0/29 !203.0.113.1-203.0.113.4", ["203.0.113.5", "203.0.113.6"]),
        ("203.0.113.9 !203.0.113.9", []),
    ],
)
def test_a_pool_is_what_its_words_add_up_to(text: str, addresses: list[str]) -> None:
    assert list(addresses_of(text)) == addresses


@pytest.mark.parametrize("text", ["", "x", "203.0.113", "203.0.113.9-", "203.0.113.9-x", "::1", "203.0.113.9/33"])
def test_what_is_no_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no address, range"):
        addresses_of(text)


@pytest.mark.parametrize(
    "text", ["10.0.0.0/8", "203.0.113.9-203.0.113.8", "203.0.113.0/24-203.0.113.9", "10.0.0.1-10.1.0.0"]
)
def test_a_range_goes_up_and_has_an_end(text: str) -> None:
    with pytest.raises(ValueError, match="is not possible"):
        addresses_of(text)


def test_a_pool_has_a_bound() -> None:
    assert len(addresses_of(f"10.0.0.0-10.0.{MOST_IN_POOL // 256 - 1}.255")) == MOST_IN_POOL
    with pytest.raises(ValueError, match="at most"):
        addresses_of("10.0.0.0/21 10.1.0.0/21 10.2.0.0/21")
