"""Two instances of two accounts on one real host, with keys, a group and user data of every byte there is."""

from dataclasses import replace

from app.domain.group import SecurityGroup
from app.domain.instance import Instance, Reservation
from app.domain.ports import Unit
from app.services import addresses
from tests.builders import OURS, THEIRS, a_host, furnish

EVERY_BYTE = bytes(range(256))
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBZ5c2FtcGxlc2FtcGxlc2FtcGxlc2FtcGxlc2FtcGxl"


def an_instance(number: int, account_id: str, name: str, user_data: bytes) -> Instance:
    return Instance(
        id=f"i-{number:08x}",
        reservation_id=f"r-{number:08x}",
        account_id=account_id,
        launch_index=0,
        image_id="emi-0a11beef",
        kernel_id="eki-0000000a",
        key_name=name,
        public_key=f"{KEY} {name}",
        group_ids=(f"sg-{number:08x}",),
        vmtype="m1.small",
        cores=1,
        memory_mib=128,
        disk_gb=10,
        cluster="one",
        host="real1",
        mac=f"d0:0d:00:00:00:{number:02x}",
        private_ip=f"10.9.0.{number + 4}",
        user_data=user_data,
        launched_at_ms=1_700_000_000_000,
        created_at_ms=1_700_000_000_000,
    )


def furnish_guests(unit: Unit) -> list[Instance]:
    """Fill an empty store; the second instance has no user data."""
    furnish(unit, replace(a_host("real1"), uri="qemu:///system"))
    addresses.configure(unit, addresses.Source("10.9.0.0/24"))
    rows = [an_instance(1, OURS, "ana", EVERY_BYTE), an_instance(2, THEIRS, "eve", b"")]
    for row in rows:
        unit.reservations.add(
            Reservation(id=row.reservation_id, account_id=row.account_id, user_id="", created_at_ms=0)
        )
        group = SecurityGroup(
            id=row.group_ids[0], account_id=row.account_id, name="default", description="d", created_at_ms=0
        )
        unit.groups.add(group)
        unit.instances.add(row)
    return rows
