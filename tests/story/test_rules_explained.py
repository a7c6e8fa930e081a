"""An operator describes hosts, lets rules decide, and asks why: here, and not there; also once the instance ended."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

pytestmark = pytest.mark.server
RULES = """
rule capacity {
  require host.mem.free >= vm.mem && host.disk.free >= vm.disk
  require host.cpu.promised + vm.vcpus <= host.cpu.cores * host.cpu.ratio
  forbid  host.maintenance
}
rule gpu    { applies to vm where "cuda" in vm.tags  require "gpu" in host.tags }
rule apart  { applies to vm where vm.group != ""     forbid count(rack, vm.group) >= 1 }
rule fast   { prefer host.cpu.mips }
policy day "default" { use capacity  use gpu  use apart  use fast }
"""


def launch(ec2: Any, image_id: str, group: str = "", tags: tuple[str, ...] = ()) -> str:
    specified = [{"ResourceType": "instance", "Tags": [{"Key": tag, "Value": ""} for tag in tags]}] if tags else []
    placed = {"Placement": {"GroupName": group}} if group else {}
    made = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, TagSpecifications=specified, **placed)
    instance_id: str = made["Instances"][0]["InstanceId"]
    return instance_id


def test_why_here_and_why_not_there(tmp_path: Path) -> None:
    (tmp_path / "day.rules").write_text(RULES)
    with ServedCloud(tmp_path / "state", rehearse="1x4") as cloud:
        ec2 = ec2_client(cloud.credentials())
        image_id = ec2.describe_images(Filters=[{"Name": "image-type", "Values": ["machine"]}])["Images"][0]["ImageId"]
        for number, (rack, tag, mips) in enumerate((("r1", "gpu", 1), ("r1", "gpu", 2), ("r2", "gpu", 3)), 1):
            cloud.euca("host", "set", f"cluster1-host{number}", "--rack", rack, "--tag", tag, "--mips", str(mips))
        cloud.euca("rules", "apply", str(tmp_path / "day.rules"))
        cloud.euca("host", "drain", "cluster1-host1")
        ec2.create_placement_group(GroupName="web", Strategy="cluster")

        one = launch(ec2, image_id, "web", ("cuda",))
        said = cloud.euca("rules", "explain", one).stdout
        assert said.startswith("placed on cluster1-host3 by the policy day, version 1, ")
        assert "  day: fast: prefer host.cpu.mips: 1 of 1 points\n" in said
        assert "  cluster1-host1: refused by capacity: forbid host.maintenance (host.maintenance is yes)\n" in said
        assert "  cluster1-host2: scored 0 of 1 points\n" in said
        assert '  cluster1-host4: refused by gpu: require "gpu" in host.tags (host.tags is none)\n' in said

        shown = ec2.describe_instances(Filters=[{"Name": "placement-group-name", "Values": ["web"]}])
        assert shown["Reservations"][0]["Instances"][0]["Placement"]["GroupName"] == "web"
        two = launch(ec2, image_id, "web", ("cuda",))
        said = cloud.euca("rules", "explain", two, "--host", "cluster1-host3").stdout
        assert "refused by apart: forbid count(rack, vm.group) >= 1 (count(rack, vm.group) is 1)" in said

        before = json.loads(cloud.euca("rules", "explain", one, "--json").stdout)
        ec2.terminate_instances(InstanceIds=[one])
        cloud.kill()
        cloud.start()
        eventually(
            lambda: ec2.describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]["State"]["Code"] == 48
        )
        assert json.loads(cloud.euca("rules", "explain", one, "--json").stdout) == before
        unknown = cloud.euca("rules", "explain", "i-0000000000000000a", check=False)
        assert (unknown.returncode, unknown.stdout) == (1, "")
