"""A changed eucalyptus.conf counts without a restart where it says so, and a broken one changes nothing."""

import json
from pathlib import Path

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server
START = 'REHEARSE="1x2"\nCLUSTER_NAME="cluster1"\nSCHEDPOLICY="{policy}"\n{more}'


def hosts_used(cloud: ServedCloud) -> int:
    """Launch two instances one after the other; return on how many hosts they are."""
    ec2 = ec2_client(cloud.credentials())
    image = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
    ids = [ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"] for _ in range(2)]
    hosts = json.loads(cloud.euca("host", "list", "--json").stdout)
    ec2.terminate_instances(InstanceIds=ids)
    return sum(host["instances"] > 0 for host in hosts)


def settled(cloud: ServedCloud) -> bool:
    return all(host["instances"] == 0 for host in json.loads(cloud.euca("host", "list", "--json").stdout))


def test_nodes_and_policy_are_read_again_when_the_file_changes(tmp_path: Path) -> None:
    config = tmp_path / "eucalyptus.conf"
    config.write_text(START.format(policy="ROUNDROBIN", more=""))
    with ServedCloud(tmp_path / "state", config=config) as cloud:
        assert hosts_used(cloud) == 2
        config.write_text(START.format(policy="NONSENSE", more=""))
        eventually(lambda: "eucalyptus.conf:3: SCHEDPOLICY" in cloud.log())
        eventually(lambda: settled(cloud))
        assert hosts_used(cloud) == 2
        config.write_text(START.format(policy="GREEDY", more='NODES="qemu+unix://new/system?socket=/nowhere"\n'))
        eventually(lambda: " qemu+unix://new/system" in cloud.euca("host", "list").stdout)
        eventually(lambda: settled(cloud))
        assert hosts_used(cloud) == 1
