"""A domain's definition for libvirt, one row of a table per hypervisor; user text only ever enters as text.

QEMU hosts get software emulation unless KVM is asked for (a KVM that opens and then hangs is worse than none), Xen
hosts PV or PVH guests. The trap: disks of Xen keep the name asked for, virtio disks are named by probe order, so the
serial is what tells volumes apart.
"""

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from string import ascii_lowercase
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from app.domain.errors import Invalid
from app.domain.ports import Disk, DomainSpec, Nic
from app.xen.address import Address, Kind
from app.xen.metadata import NAMESPACE, PREFIX, Mark, element, uuid_of
from app.xen.overlay import lay_over

CONSOLE_LOG = "console.log"
# Of Debian's package grub-xen-host: they run in the guest, so that dom0 never reads what a guest has written.
PV_BOOT_LOADER = "/usr/lib/grub-xen/grub-x86_64-xen.bin"
PVH_BOOT_LOADER = "/usr/lib/grub-xen/grub-i386-xen_pvh.bin"
_PASSWORD = re.compile(r"""(\bpasswd=)(['"]).*?\2""", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What differs between hypervisors; empty: the element or attribute is left out."""

    domain: str
    machine: str
    os: str
    bus: str
    nic_model: str
    vif_script: str
    serial: bool  # a serial port with a log file, else Xen's own console
    loader: str = ""  # what boots an image that has no kernel beside it, where no firmware does


QEMU = Flavour(domain="qemu", machine="pc", os="hvm", bus="virtio", nic_model="virtio", vif_script="", serial=True)
KVM = Flavour(domain="kvm", machine="pc", os="hvm", bus="virtio", nic_model="virtio", vif_script="", serial=True)
XEN_PV = Flavour(
    domain="xen",
    machine="xenpv",
    os="linux",
    bus="xen",
    nic_model="",
    vif_script="vif-bridge",
    serial=False,
    loader=PV_BOOT_LOADER,
)
XEN_PVH = replace(XEN_PV, machine="xenpvh", os="xenpvh", loader=PVH_BOOT_LOADER)
TEST = Flavour(domain="test", machine="", os="hvm", bus="virtio", nic_model="virtio", vif_script="", serial=False)


def flavour_of(address: Address) -> Flavour:
    """Choose by the host's URI."""
    if address.kind is Kind.XEN:
        return XEN_PVH if address.guest == "pvh" else XEN_PV
    if address.kind is Kind.QEMU:
        return KVM if address.accel == "kvm" else QEMU
    return TEST


def render(spec: DomainSpec, flavour: Flavour, pool_path: str, architecture: str = "x86_64") -> str:
    """Write the definition; Invalid if a volume's name could leave the pool, or an overlay changes too much."""
    top = domain_element(spec, flavour, pool_path, architecture)
    for overlay in spec.overlays:
        lay_over(top, overlay)
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode") + "\n"


def domain_element(spec: DomainSpec, flavour: Flavour, pool_path: str, architecture: str) -> Element:
    top = Element("domain", {"type": flavour.domain})
    _text(top, "name", spec.instance_id)
    _text(top, "uuid", uuid_of(spec.instance_id))
    ElementTree.register_namespace(PREFIX, NAMESPACE)
    mark = Mark(instance_id=spec.instance_id, launch=spec.launch, recovery=spec.recovery)
    SubElement(top, "metadata").append(element(mark))
    _text(top, "memory", str(spec.memory_mib), unit="MiB")
    _text(top, "vcpu", str(spec.cores))
    _boot(top, spec, flavour, pool_path, architecture)
    if flavour.os == "hvm":
        SubElement(SubElement(top, "features"), "acpi")
    for event, action in (("poweroff", "destroy"), ("reboot", "restart"), ("crash", "destroy")):
        _text(top, f"on_{event}", action)
    _devices(top, spec, flavour, pool_path)
    return top


def volume_path(pool_path: str, name: str) -> str:
    """Join pool and volume; Invalid if the name is more than a plain file name."""
    return str(PurePosixPath(pool_path) / plain(name))


def plain(name: str) -> str:
    """Return a volume's name; Invalid if it could be anything but a file directly in the pool."""
    if not name or name.startswith(".") or "/" in name or not name.isprintable():
        raise Invalid("volume", name, "A volume's name is a plain file name.")
    return name


def without_passwords(xml: str) -> str:
    """Blank the passwords of displays; libvirt leaves them out unless it is asked for them, which nobody should do."""
    return _PASSWORD.sub(r"\1\2\2", xml)


def _boot(top: Element, spec: DomainSpec, flavour: Flavour, pool_path: str, architecture: str) -> None:
    os = SubElement(top, "os")
    attributes = {"arch": architecture} | ({"machine": flavour.machine} if flavour.machine else {})
    _text(os, "type", flavour.os, **attributes)
    if flavour.loader and not spec.kernel:
        _text(os, "kernel", flavour.loader)
    for tag, volume in (("kernel", spec.kernel), ("initrd", spec.ramdisk)):
        if volume:
            _text(os, tag, volume_path(pool_path, volume))
    if spec.kernel and spec.cmdline:
        _text(os, "cmdline", spec.cmdline)
    if flavour.serial:
        _say_ec2(top, os, uuid_of(spec.instance_id))


def _say_ec2(top: Element, os: Element, uuid: str) -> None:
    """Show the UUID as the machine's serial number, too: together they tell cloud-init that this is EC2."""
    SubElement(os, "smbios", {"mode": "sysinfo"})
    system = SubElement(SubElement(top, "sysinfo", {"type": "smbios"}), "system")
    _text(system, "entry", uuid, name="serial")


def _devices(top: Element, spec: DomainSpec, flavour: Flavour, pool_path: str) -> None:
    devices = SubElement(top, "devices")
    taken: set[str] = set()
    for disk in spec.disks:
        _disk(devices, disk, volume_path(pool_path, disk.volume), _target(disk.target, flavour, taken), flavour.bus)
    for nic in spec.nics:
        if nic.bridge:
            _nic(devices, nic, flavour)
    if flavour.serial:
        serial = SubElement(devices, "serial", {"type": "pty"})
        log = volume_path(pool_path, f"{spec.instance_id}.{CONSOLE_LOG}")
        SubElement(serial, "log", {"file": log, "append": "on"})
        SubElement(serial, "target", {"port": "0"})
        rng = SubElement(devices, "rng", {"model": "virtio"})
        _text(rng, "backend", "/dev/urandom", model="random")
        SubElement(devices, "memballoon", {"model": "virtio"})
    elif flavour.domain == "xen":
        console = SubElement(devices, "console", {"type": "pty"})
        SubElement(console, "target", {"type": "xen", "port": "0"})


def _disk(devices: Element, disk: Disk, path: str, target: str, bus: str) -> None:
    item = SubElement(devices, "disk", {"type": "file", "device": "disk"})
    if bus != "xen" or disk.format != "raw":  # left to choose, Xen serves a raw file by its own kernel
        SubElement(item, "driver", {"name": "qemu", "type": disk.format})
    SubElement(item, "source", {"file": path})
    SubElement(item, "target", {"dev": target, "bus": bus})
    if disk.read_only:
        SubElement(item, "readonly")
    if disk.serial and bus == "virtio":
        _text(item, "serial", disk.serial)


def _target(target: str, flavour: Flavour, taken: set[str]) -> str:
    """Name the disk as its bus does: virtio's are vda, vdb … in order, the others keep the name asked for."""
    if flavour.bus == "virtio" and not (target.startswith("vd") and target not in taken):
        target = next(name for name in (f"vd{letter}" for letter in ascii_lowercase) if name not in taken)
    taken.add(target)
    return target


def _nic(devices: Element, nic: Nic, flavour: Flavour) -> None:
    item = SubElement(devices, "interface", {"type": "bridge"})
    SubElement(item, "mac", {"address": nic.mac})
    SubElement(item, "source", {"bridge": nic.bridge})
    if flavour.nic_model:
        SubElement(item, "model", {"type": flavour.nic_model})
        SubElement(item, "rom", {"enabled": "no"})
    if flavour.vif_script:
        SubElement(item, "script", {"path": flavour.vif_script})


def _text(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = text
