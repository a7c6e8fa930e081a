"""`euca ssh` of a cloud whose reservations have one public address: the rest is reached by way of the head."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server
CONF = 'REHEARSE="1x1"\nADDRESSING="head"\nPUBLIC_IPS="203.0.113.10-203.0.113.20"\n'
TOLD = '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n'


def test_only_the_head_has_a_public_address_and_ssh_to_the_rest_jumps_through_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, ssh = tmp_path / "eucalyptus.conf", tmp_path / "bin" / "ssh"
    config.write_text(CONF)
    ssh.parent.mkdir()
    ssh.write_text(TOLD)
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        ec2 = ec2_client(cloud.credentials())
        image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2)["Instances"]
        ids = [one["InstanceId"] for one in sorted(made, key=lambda one: one["AmiLaunchIndex"])]

        def rows() -> list[dict[str, Any]]:
            found = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
            return sorted(found, key=lambda one: int(one["AmiLaunchIndex"]))

        eventually(lambda: {one["State"]["Name"] for one in rows()} == {"running"})
        head, other = rows()
        assert head["PublicIpAddress"] == "203.0.113.10"
        assert "PublicIpAddress" not in other
        words = cloud.euca("ssh", ids[1], "uptime").stdout.splitlines()
        assert words[words.index("-J") + 1] == "root@203.0.113.10"
        assert words[-2:] == [f"root@{other['PrivateIpAddress']}", "uptime"]
        for asked, address in (((ids[0],), "203.0.113.10"), (("--direct", ids[1]), other["PrivateIpAddress"])):
            words = cloud.euca("ssh", *asked).stdout.splitlines()
            assert (words[-1], "-J" in words) == (f"root@{address}", False)
