"""A type with less memory than an image needs is refused before anything starts, in words that name both figures."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.faults.conftest import ScriptedZone
from tests.served import ServedCloud

pytestmark = pytest.mark.faults


@pytest.fixture(autouse=True)
def tiny_type(cloud: ServedCloud) -> None:
    cloud.euca("type", "set", "x.tiny", "--cores", "1", "--memory-mib", "64", "--disk-gb", "5")


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """What `euca image build` writes, in small."""
    for name in ("vmlinuz", "initrd.img", "root.img"):
        (tmp_path / name).write_bytes(name.encode() * 512)
    return tmp_path


def test_an_image_that_needs_more_than_the_type_has_is_refused_with_both_figures(
    cloud: ServedCloud, zone: ScriptedZone, guest: Path
) -> None:
    (guest / "memory-mib").write_text("96\n")
    image_id = cloud.euca("image", "install", str(guest), "--name", "tiny").stdout.strip()
    with pytest.raises(ClientError) as refused:
        zone.run(ImageId=image_id, InstanceType="x.tiny")
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterCombination"
    assert image_id in error["Message"]
    assert "needs 96 MiB of memory and the type x.tiny has 64 MiB" in error["Message"]
    assert zone.domains() == {}
    zone.ends(zone.running(ImageId=image_id, InstanceType="m1.small"))


def test_the_figure_may_be_given_by_hand_and_nothing_said_means_anything_goes(
    cloud: ServedCloud, zone: ScriptedZone, guest: Path
) -> None:
    root = str(guest / "root.img")
    modest = cloud.euca("image", "install", root, "--name", "modest").stdout.strip()
    zone.ends(zone.running(ImageId=modest, InstanceType="x.tiny"))
    greedy = cloud.euca("image", "install", root, "--name", "greedy", "--min-memory-mib", "200").stdout.strip()
    with pytest.raises(ClientError, match=r"needs 200 MiB of memory and the type m1\.small has 128 MiB"):
        zone.run(ImageId=greedy, InstanceType="m1.small")


def test_a_figure_that_is_none_is_refused(cloud: ServedCloud, guest: Path) -> None:
    (guest / "memory-mib").write_text("plenty")
    refused = cloud.euca("image", "install", str(guest), "--name", "vague", check=False)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    assert "memory-mib: there stands no number of MiB" in refused.stderr
