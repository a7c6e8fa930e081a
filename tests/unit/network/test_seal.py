"""Keys of encrypted ways: made once, read by nobody else, and never a word of a command."""

import stat
from pathlib import Path

import pytest

from app.domain.errors import Broken, Unavailable
from app.network.far_links import Ends
from app.network.seal import own_key, preparation, sealed, told_key

OUTER = Ends(gateway="192.0.2.1", host="192.0.2.11")


def test_the_gateways_key_is_made_once_for_nobody_else_to_read(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "tunnels"
    key = own_key(file)
    assert own_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["tunnels"]
    assert key.private not in f"{key}"


def test_a_key_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "tunnels").write_bytes(b"short")
    with pytest.raises(Broken, match=f"the key in {tmp_path}/tunnels can not be used"):
        own_key(tmp_path / "tunnels")


def test_a_host_is_told_the_public_key_only_and_each_host_has_an_address_of_its_own(tmp_path: Path) -> None:
    key, inner = own_key(tmp_path / "tunnels"), sealed("cloud", OUTER)
    told = preparation(key, OUTER, inner)
    assert key.public in told
    assert key.private not in told
    other = sealed("cloud", Ends(gateway="192.0.2.1", host="192.0.2.12"))
    assert len({inner.host, inner.gateway, other.host}) == 3
    assert (other.gateway, other.card) == (inner.gateway, inner.card)


@pytest.mark.parametrize("text", ["", "(none)\n", "x\nwg set", "A" * 44, f"{'A' * 43}=\n{'A' * 43}="])
def test_an_answer_that_is_no_key_is_believed_by_nobody(text: str) -> None:
    assert told_key(f"{'A' * 43}=\n") == f"{'A' * 43}="
    with pytest.raises(Unavailable, match="not understood"):
        told_key(text)
