"""What a seed disk tells can be read as YAML, whatever name a key pair has."""

from pathlib import Path
from typing import cast

import pytest
import yaml  # type: ignore[import-untyped]

from app.domain.ports import Hypervisor
from app.reconcile.seeds import sow, told
from app.storage.seed import Seeds
from tests.builders import an_instance


@pytest.mark.parametrize("name", ["mine", "🔑", "a: b # c", '"quoted" \\'])
def test_a_public_key_is_read_back_as_it_was(name: str) -> None:
    key = f"ssh-ed25519 AAAA {name}"
    meta = yaml.safe_load(told(an_instance("i-0a11beef", public_key=key))["meta-data"])
    assert meta == {"instance-id": "i-0a11beef", "local-hostname": "i-0a11beef", "public-keys": [key]}


class Pool:
    """The volumes of one host; as on a real one, what is there already is not written again."""

    def __init__(self) -> None:
        self.volumes: dict[str, bytes] = {}

    async def delete_volume(self, name: str) -> None:
        self.volumes.pop(name, None)

    async def upload(self, name: str, source: Path, sha256: str) -> None:
        self._keep(name, source)

    def _keep(self, name: str, source: Path) -> None:
        self.volumes.setdefault(name, source.read_bytes())


async def test_user_data_that_changed_while_the_instance_was_stopped_is_on_its_disk_at_the_next_start(
    tmp_path: Path,
) -> None:
    pool, seeds = Pool(), Seeds(tmp_path / "seeds")
    for data in (b"the first", b"the second"):
        await sow(seeds, cast("Hypervisor", pool), an_instance("i-0a11beef", user_data=data), "i-0a11beef.seed")
    (content,) = pool.volumes.values()
    assert b"the second" in content
    assert b"the first" not in content
