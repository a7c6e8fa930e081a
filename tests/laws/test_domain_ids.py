"""Laws of ids: what is minted is parsed, folding is done once, an id tells its kind."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.ids import ENTROPY_BYTES, PREFIXES, canonical, mint, parse, resource_of

RESOURCES = st.sampled_from(sorted(PREFIXES))


@given(RESOURCES, st.binary(min_size=ENTROPY_BYTES, max_size=32))
def test_a_minted_id_is_valid_in_any_case_and_tells_its_kind(resource: str, entropy: bytes) -> None:
    minted = mint(resource, entropy)
    assert parse(minted, resource) == parse(minted.upper(), resource) == minted
    assert resource_of(minted) == resource


@given(RESOURCES, st.binary(min_size=ENTROPY_BYTES), st.binary(min_size=ENTROPY_BYTES))
def test_ids_differ_where_their_first_17_digits_of_entropy_do(resource: str, one: bytes, other: bytes) -> None:
    assert (mint(resource, one) == mint(resource, other)) == (one.hex()[:17] == other.hex()[:17])


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
