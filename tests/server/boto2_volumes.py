"""Volumes as boto 2.49 handles them, by its own objects and their `update`; run by `test_volume_clients`."""

import sys
from typing import Any

from tests.deadline import eventually
from tests.server.boto2 import connect


def handle(connection: Any) -> None:
    image = next(image for image in connection.get_all_images() if image.type == "machine")
    instance = image.run(placement="cluster1").instances[0]
    volume = connection.create_volume(1, "cluster1")
    eventually(lambda: volume.update() == "available")
    eventually(lambda: instance.update() == "running")
    assert volume.attach(instance.id, "/dev/sdf")
    eventually(lambda: volume.update() == "in-use" and volume.attachment_state() == "attached")
    assert (volume.attach_data.instance_id, volume.attach_data.device) == (instance.id, "/dev/sdf")
    instance.update()
    assert instance.block_device_mapping["/dev/sdf"].volume_id == volume.id
    snapshot = volume.create_snapshot("of boto 2")
    eventually(lambda: snapshot.update() == "100%")
    assert snapshot.share(groups=["all"])
    assert snapshot.get_permissions() == {"groups": ["all"]}
    clone = snapshot.create_volume("cluster2")
    eventually(lambda: clone.update() == "available")
    assert volume.detach(force=True)
    eventually(lambda: volume.update() == "available")
    for thing in (volume, clone, snapshot):
        assert thing.delete()
    instance.terminate()


if __name__ == "__main__":
    handle(connect(sys.argv[1]))
