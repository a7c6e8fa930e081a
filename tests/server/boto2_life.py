"""The life of two instances as boto 2.49 lives it; a program, run by `test_life_cycle` with the cloud's address."""

import os
import sys
from typing import Any

import boto

from tests.deadline import eventually


def connect(url: str) -> Any:
    host, port = url.removeprefix("http://").split(":")
    return boto.connect_euca(
        host=host,
        port=int(port),
        aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        is_secure=False,
    )


def live(connection: Any) -> None:
    image = next(image for image in connection.get_all_images() if image.type == "machine")
    connection.create_key_pair("from-boto2")
    reservation = connection.run_instances(image.id, min_count=1, max_count=2, key_name="from-boto2")
    ids = [instance.id for instance in reservation.instances]
    assert len(ids) == 2

    def states() -> set[str]:
        return {instance.state for instance in connection.get_only_instances(instance_ids=ids)}

    eventually(lambda: states() == {"running"})
    assert connection.get_console_output(ids[0]).output
    connection.create_tags(ids, {"made-by": "boto 2"})
    assert len(connection.get_only_instances(filters={"tag:made-by": "boto*"})) == 2
    connection.stop_instances(ids)
    eventually(lambda: states() == {"stopped"})
    connection.start_instances(ids)
    eventually(lambda: states() == {"running"})
    connection.reboot_instances(ids)
    connection.terminate_instances(ids)
    eventually(lambda: states() == {"terminated"})


if __name__ == "__main__":
    live(connect(sys.argv[1]))
    print("lived")
