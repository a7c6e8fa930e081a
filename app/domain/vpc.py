"""The one network that EC2 clients are shown: a default VPC that nobody makes, changes or deletes.

Clients of today look a VPC up before they name a group or a subnet. Nothing here has a row: ids are the same in every
cloud and for every account, or follow from the name of the cluster or the id of the instance that they belong to.
Isolation is by account and group.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

_DIGITS: Final = "e0ca1197"
DEFAULT_VPC_ID: Final = f"vpc-{_DIGITS}"
ROUTE_TABLE_ID: Final = f"rtb-{_DIGITS}"
INTERNET_GATEWAY_ID: Final = f"igw-{_DIGITS}"
DHCP_OPTIONS_ID: Final = f"dopt-{_DIGITS}"
NETWORK_ACL_ID: Final = f"acl-{_DIGITS}"
MAIN_ASSOCIATION_ID: Final = f"rtbassoc-{_DIGITS}"


@lru_cache(1024)
def subnet_id(cluster: str) -> str:
    """Form the id of a cluster's subnet."""
    return f"subnet-{sha256(cluster.encode()).hexdigest()[:17]}"


def network_acl_association_id(cluster: str) -> str:
    """Form the id of what binds a cluster's subnet to the one network ACL."""
    return subnet_id(cluster).replace("subnet-", "aclassoc-")


def interface_id(instance_id: str) -> str:
    """Form the id of an instance's one network interface."""
    return f"eni-{_digits(instance_id)}"


def attachment_id(instance_id: str) -> str:
    """Form the id of the attachment of that interface."""
    return f"eni-attach-{_digits(instance_id)}"


def instance_of(interface: str) -> str:
    """Return the id of the instance that an interface with this id belongs to, if there is one."""
    return f"i-{_digits(interface)}"


def _digits(given: str) -> str:
    return given.partition("-")[2]
