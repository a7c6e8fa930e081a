"""Elastic addresses and network interfaces."""

from tests.server.provocations import Row, Step

_CARDS = {f"NetworkInterface.{n}.DeviceIndex": str(n - 1) for n in (1, 2)}
_BUSY = {"AllocationId": "{allocation}", "InstanceId": "{other}", "AllowReassociation": "false"}
_NEW = Step("AllocateAddress", by="stranger")

ROWS: dict[Row, tuple[Step, ...]] = {
    ("Conflict", "association"): (Step("AssociateAddress", _BUSY),),
    ("OverLimit", "addresses"): (_NEW,) * 6,
    ("OverLimit", "network interfaces per instance"): (
        Step("RunInstances", {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1", **_CARDS}),
    ),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("OverLimit", "addresses"): tuple(
        Step("ReleaseAddress", {"AllocationId": f"{{made_{n}}}"}, by="stranger") for n in range(5)
    ),
}
NEVER: dict[Row, str] = {
    (
        "Exhausted",
        "",
    ): "none is left, or none was given to the cloud: tests/unit/services/test_public_addresses.py",
}
