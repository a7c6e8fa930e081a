"""An overlay changes what the operator may decide, each element in its place, and nothing that the cloud relies on."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.domain.overlay import Overlay, covering
from app.xen.address import parse
from app.xen.domain_xml import flavour_of, render
from app.xen.overlay import KEPT, read
from tests.unit.xen.test_domain_xml import GOLDEN, HOSTS, POOL, SPEC

OLD_AND_SEEN = """
<domain>
  <cpu mode="host-passthrough"><feature policy="disable" name="svm"/><feature policy="require" name="aes"/></cpu>
  <cputune><vcpupin vcpu="0" cpuset="2"/><vcpupin vcpu="1" cpuset="3"/></cputune>
  <memoryBacking><hugepages/></memoryBacking>
  <features><apic/></features>
  <devices>
    <disk><driver cache="none" io="native"/></disk>
    <interface><model type="e1000"/></interface>
    <graphics type="vnc" port="-1" listen="127.0.0.1"/>
    <video><model type="cirrus"/></video>
    <memballoon model="none"/>
  </devices>
</domain>
"""
LATER = '<domain><cpu mode="custom"><model>qemu64</model></cpu><devices><sound model="ac97"/></devices></domain>'
PINNED = '<domain><cputune><vcpupin vcpu="0" cpuset="1"/></cputune></domain>'


def rendered(host: str, *overlays: str) -> str:
    return render(replace(SPEC, overlays=overlays), flavour_of(parse(HOSTS[host])), POOL)


@pytest.mark.parametrize(
    ("host", "name", "overlays"),
    [("qemu", "qemu-overlaid", (OLD_AND_SEEN, LATER)), ("xen-pv", "xen-overlaid", (PINNED,))],
)
def test_what_comes_of_overlays_is_what_the_golden_file_says(host: str, name: str, overlays: tuple[str, ...]) -> None:
    assert rendered(host, *overlays) == (GOLDEN / f"{name}.xml").read_text()


def plain(element: ElementTree.Element) -> str:
    return ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True)


def test_an_empty_overlay_changes_nothing() -> None:
    assert rendered("qemu", "<domain/>") == rendered("qemu")


def test_the_later_of_two_overlays_holds() -> None:
    twice = rendered("qemu", OLD_AND_SEEN, LATER)
    top = ElementTree.fromstring(twice)
    assert [cpu.get("mode") for cpu in top.findall("cpu")] == ["custom"]
    assert len(top.findall("devices/sound")) == 1


@pytest.mark.parametrize("path", sorted(KEPT))
def test_what_the_cloud_relies_on_is_refused_by_name(path: str) -> None:
    inner = "".join(f"<{tag}>" for tag in path.split("/")) + "".join(f"</{tag}>" for tag in path.split("/")[::-1])
    with pytest.raises(Invalid, match=rf"\({path}\).*The cloud writes this itself"):
        read(f"<domain>{inner}</domain>")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<domain>", "It is no XML: no element found"),
        ("", "It is no XML"),
        ('<!DOCTYPE domain [<!ENTITY x "y">]><domain>&x;</domain>', "a document type is refused"),
        ("<network/>", "<network>.*It begins with <domain>"),
        ('<domain type="kvm"/>', "The type of a domain is the host's"),
        ('<domain xmlns:q="urn:q"><q:commandline/></domain>', "Elements of other namespaces are not laid over"),
        ('<domain><devices><disk type="block"/></devices></domain>', "devices/disk.*Its kind is the cloud's"),
        ("<domain><devices><interface>x</interface></devices></domain>", "devices/interface.*Its kind is the cloud's"),
    ],
)
def test_what_is_no_overlay_says_why(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read(text)


TAGS = st.sampled_from(
    ["cpu", "features", "devices", "disk", "interface", "driver", "model", "graphics", "clock", "os"]
)
TREES = st.recursive(
    st.builds(lambda tag, key: f'<{tag} {key}="1"/>', TAGS, st.sampled_from("abc")),
    lambda inner: st.builds(lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", TAGS, st.lists(inner, max_size=3)),
    max_leaves=8,
)


@given(st.lists(TREES, max_size=3))
def test_whatever_an_overlay_says_names_sizes_disks_and_cards_stay(parts: list[str]) -> None:
    overlay = f"<domain>{''.join(parts)}</domain>"
    try:
        read(overlay)
    except Invalid:
        return
    before, after = (ElementTree.fromstring(text) for text in (rendered("qemu"), rendered("qemu", overlay)))
    for path in KEPT:
        assert [plain(one) for one in after.findall(path)] == [plain(one) for one in before.findall(path)]
    assert len(after.findall("devices/disk")) == len(before.findall("devices/disk"))
    assert [one.attrib for one in after.findall("devices/disk")] == [
        one.attrib for one in before.findall("devices/disk")
    ]


def test_an_overlay_is_for_the_clusters_hosts_and_images_that_it_names() -> None:
    overlays = (
        Overlay(text="all"),
        Overlay(text="one", clusters=("one", "two")),
        Overlay(text="node", clusters=("one",), hosts=("node",)),
        Overlay(text="image", images=("ami-1",)),
    )
    assert covering(overlays, "one", "node", "ami-2") == ("all", "one", "node")
    assert covering(overlays, "two", "node", "ami-1") == ("all", "one", "image")
    assert covering(overlays, "three", "x", "ami-3") == ("all",)
