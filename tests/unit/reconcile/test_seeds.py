"""What a seed disk tells can be read as YAML, whatever name a key pair has."""

import pytest
import yaml  # type: ignore[import-untyped]

from app.reconcile.seeds import told
from tests.builders import an_instance


@pytest.mark.parametrize("name", ["mine", "🔑", "a: b # c", '"quoted" \\'])
def test_a_public_key_is_read_back_as_it_was(name: str) -> None:
    key = f"ssh-ed25519 AAAA {name}"
    meta = yaml.safe_load(told(an_instance("i-0a11beef", public_key=key))["meta-data"])
    assert meta == {"instance-id": "i-0a11beef", "local-hostname": "i-0a11beef", "public-keys": [key]}
