"""Tell an instance who it is by a disk, where no metadata address of ours answers it.

cloud-init's NoCloud wants `meta-data` in YAML and `user-data` byte by byte. JSON is YAML but for its pairs of escapes
beyond U+FFFF. The trap: what is told is fixed when the disk is made, at each start; it holds nothing that changes
while the instance runs.
"""

import asyncio
import json
from collections.abc import Mapping

from app.domain.files import SeedFiles
from app.domain.instance import Instance
from app.domain.ports import Hypervisor
from app.reconcile.staging import fill


def told(instance: Instance) -> Mapping[str, bytes]:
    """Form the files of an instance's seed disk."""
    said = {
        "instance-id": instance.id,
        "local-hostname": instance.id,
        "public-keys": [instance.public_key] if instance.public_key else [],
    }
    meta = json.dumps(said, indent=0, ensure_ascii=False)
    return {"meta-data": meta.encode(), "user-data": instance.user_data}


async def sow(seeds: SeedFiles, hypervisor: Hypervisor, instance: Instance, volume: str) -> None:
    """Put the seed disk of an instance that is off into its host's pool, in place of an earlier launch's."""
    await hypervisor.delete_volume(volume)
    path, sha256 = await asyncio.to_thread(seeds.write, told(instance))
    try:
        await fill(hypervisor, volume, path, sha256, path.stat().st_size)
    finally:
        path.unlink(missing_ok=True)
