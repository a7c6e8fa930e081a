"""DOMAIN_OVERLAYS on a served cloud: what covers a domain is in it, a file that is wrong stops the start."""

from contextlib import closing
from pathlib import Path

import pytest

from app.client import calls
from app.client.host_calls import definition
from app.client.http import SyncCloud
from tests.deadline import eventually
from tests.served import ServedCloud
from tests.server.conftest import ec2_client

FILE = """
[[overlay]]
xml = '<domain><devices><disk><driver cache="none"/></disk></devices></domain>'

[[overlay]]
clusters = ["cluster2"]
xml = '<domain><devices><graphics type="vnc" port="5999" listen="127.0.0.1" passwd="secret"/></devices></domain>'
"""


def config(folder: Path, overlays: str) -> Path:
    (folder / "overlays.toml").write_text(overlays)
    file = folder / "eucalyptus.conf"
    file.write_text('REHEARSE="2x1"\nDOMAIN_OVERLAYS="overlays.toml"\n')
    return file


def test_a_domain_is_defined_with_the_overlays_that_cover_it(tmp_path: Path) -> None:
    with ServedCloud(tmp_path / "state", config=config(tmp_path, FILE)) as served:
        environment = served.credentials()
        ec2 = ec2_client(environment)
        machine = [{"Name": "image-type", "Values": ["machine"]}]
        image_id = ec2.describe_images(Filters=machine)["Images"][0]["ImageId"]
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
        with closing(SyncCloud(environment["EUCA_URL"], environment["EUCA_TOKEN"])) as rest:
            found = {}
            for zone in zones:
                run = ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, Placement={"AvailabilityZone": zone})
                instance_id = run["Instances"][0]["InstanceId"]
                eventually(lambda one=instance_id: rest.send(calls.instance(one)).seen == "running")  # type: ignore[misc]
                found[zone] = rest.send(definition(instance_id)).xml
    assert {zone: "cache='none'" in xml for zone, xml in found.items()} == dict.fromkeys(zones, True)
    assert {zone: "5999" in xml for zone, xml in found.items()} == {"cluster1": False, "cluster2": True}
    assert "secret" not in found["cluster2"]


@pytest.mark.parametrize(
    ("overlays", "why"),
    [
        ("[[overlay]]\nxml = '<domain><name>x</name></domain>'", "overlay 1: .*(name).*The cloud writes this itself"),
        ("[[overlay]]\nhosts = ['a']", "overlay 1: it needs a text xml"),
        ("[[overlay]]\nxml = '<domain/>'\nhost = 'a'", "overlay 1: there is no key host; xml, clusters, hosts"),
        ("[[overlay]]\nxml = '<domain/>'\nhosts = 'a'", "overlay 1: hosts is no list of names"),
        ("[[overlays]]", "it holds .*overlay.* and nothing else"),
        ("overlay = 7 7", "at line 1"),
    ],
)
def test_a_file_that_is_wrong_stops_the_start_with_its_name(tmp_path: Path, overlays: str, why: str) -> None:
    with pytest.raises(AssertionError, match=rf"eucalyptus\.conf:2: DOMAIN_OVERLAYS: .*overlays\.toml: .*{why}"):
        ServedCloud(tmp_path / "state", config=config(tmp_path, overlays)).start()
