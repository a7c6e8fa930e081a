"""What libvirt is told about a move, without a host: the way for the data, and a definition for another host."""

import pytest

from app.xen.address import parse
from app.xen.carried import disks, over
from app.xen.live_move import way_to
from app.xen.metadata import NAMESPACE, parsed

XML = f"""<domain type='qemu' id='7'><name>i-0abc1234</name>
<metadata><e:instance xmlns:e="{NAMESPACE}" id="i-0abc1234" launch="1"><e:recovery>/old/pool/x</e:recovery></e:instance>
</metadata><os><kernel>/old/pool/image-k</kernel><initrd>/old/pool/image-r</initrd><cmdline>x=/old/pool/y</cmdline></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><source file='/old/pool/i.root' index='2'/><backingStore type='file' index='3'>
<source file='/old/pool/image-e'/></backingStore><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><source file='/old/pool/i.seed'/><target dev='vdb' bus='virtio'/><readonly/></disk>
<disk type='file' device='disk'><source file='/old/pool-of-others/x'/><target dev='vdc' bus='virtio'/></disk>
<interface type='bridge'><source bridge='br0'/><mac address='d0:0d:0a:bc:12:34'/></interface>
<serial type='pty'><log file='/old/pool/i.console.log' append='on'/></serial></devices></domain>"""


@pytest.mark.parametrize(
    ("uri", "way"),
    [
        ("qemu+ssh://root@node2/system?keyfile=/k", "tcp://node2"),
        ("qemu+ssh://root@10.9.0.2:2222/system", "tcp://10.9.0.2"),
        ("qemu+tls://[2001:db8::7]/system", "tcp://[2001:db8::7]"),
        ("qemu:///system", None),
        ("qemu+unix:///system?socket=/run/other", None),
        ("qemu+ssh://root@localhost:2222/system", None),
        ("qemu+ssh://root@127.0.0.1/system", None),
    ],
)
def test_data_goes_to_the_address_that_the_operator_named_unless_it_means_another_machine_to_each(
    uri: str, way: str | None
) -> None:
    assert way_to(parse(uri)) == ({} if way is None else {"migrate_uri": way})


def test_a_definition_for_another_host_names_its_pool_and_bridge_and_nothing_below_a_disk() -> None:
    top = parsed(over(XML, "/old/pool", "/new", "br7"))
    assert [source.get("file") for source in top.iterfind("devices/disk/source")] == [
        "/new/i.root",
        "/new/i.seed",
        "/old/pool-of-others/x",
    ]
    assert (top.findtext("os/kernel"), top.findtext("os/initrd")) == ("/new/image-k", "/new/image-r")
    assert top.findtext("os/cmdline") == "x=/old/pool/y"
    assert top.find("devices/disk/backingStore") is None
    log, source = top.find("devices/serial/log"), top.find("devices/interface/source")
    assert log is not None and log.get("file") == "/new/i.console.log"
    assert source is not None and source.get("bridge") == "br7"
    assert top.findtext(f"metadata/{{{NAMESPACE}}}instance/{{{NAMESPACE}}}recovery") == "/old/pool/x"


def test_a_bridge_that_is_not_named_stays() -> None:
    source = parsed(over(XML, "/old/pool", "/new", "")).find("devices/interface/source")
    assert source is not None and source.get("bridge") == "br0"


def test_disks_that_go_along_are_those_of_its_own_that_it_writes_to() -> None:
    assert disks(XML, "/old/pool") == ["vda"]
