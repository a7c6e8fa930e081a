"""Errors on the wire: one table from kind and resource to EC2's code and an HTTP status.

Nothing below this knows a code. The row for a kind alone serves resources without a row of their own. What the
cloud did not raise on purpose is an InternalError whose text tells nothing: the log has the rest, by request id.
"""

from collections.abc import Iterable, Mapping

from app.domain import errors as e
from app.wire import markup
from app.wire.amendments import Code

Answer = tuple[str, int]

# EC2's prefix of an id's code: `<prefix>.NotFound`, `<prefix>.Malformed`, …
_IDS = {
    "instance": "InvalidInstanceID",
    "image": "InvalidAMIID",
    "machine image": "InvalidAMIID",
    "kernel image": "InvalidAMIID",
    "ramdisk image": "InvalidAMIID",
    # NotFound without "ID": botocore's waiters look for exactly this. Malformed has it.
    "volume": "InvalidVolume",
    "snapshot": "InvalidSnapshot",
    "key pair": "InvalidKeyPair",
    "security group": "InvalidGroup",
    "security group rule": "InvalidSecurityGroupRuleId",
    "zone": "InvalidZone",
    "attachment": "InvalidAttachment",
    "address": "InvalidAddress",
    "allocation": "InvalidAllocationID",
    "association": "InvalidAssociationID",
    "vpc": "InvalidVpcID",
    "subnet": "InvalidSubnetID",
    "network interface": "InvalidNetworkInterfaceID",
    "route table": "InvalidRouteTableID",
    "internet gateway": "InvalidInternetGatewayID",
    "DHCP options": "InvalidDhcpOptionID",
    "network ACL": "InvalidNetworkAclID",
}
# What is named by other words than ids, or asked for as one of several kinds.
_FORMLESS = {"image", "kernel image", "ramdisk image", "zone", "attachment", "allocation", "association"}
_MALFORMED = {
    **{resource: prefix for resource, prefix in _IDS.items() if resource not in _FORMLESS},
    "volume": "InvalidVolumeID",
    "snapshot": "InvalidSnapshotID",
    "security group": "InvalidGroupId",
    "network interface": "InvalidNetworkInterfaceId",
    "route table": "InvalidRouteTableId",
    "internet gateway": "InvalidInternetGatewayId",
    "DHCP options": "InvalidDhcpOptionsId",
    "network ACL": "InvalidNetworkAclId",
}

EC2: Mapping[tuple[type[Exception], str], Answer] = {
    (e.Invalid, ""): ("InvalidParameterValue", 400),
    (e.Invalid, "Version"): ("NoSuchVersion", 400),
    (e.Malformed, ""): ("InvalidParameterValue", 400),
    (e.Malformed, "pagination token"): ("InvalidNextToken", 400),
    **{(e.Malformed, resource): (f"{prefix}.Malformed", 400) for resource, prefix in _MALFORMED.items()},
    (e.Absent, ""): ("MissingParameter", 400),
    (e.Unsound, ""): ("InvalidParameterValue", 400),
    (e.Absent, "Action"): ("MissingAction", 400),
    (e.Unknown, ""): ("InvalidParameterValue", 400),
    (e.Unknown, "action"): ("InvalidAction", 400),
    (e.Unknown, "parameter"): ("UnknownParameter", 400),
    (e.Combination, ""): ("InvalidParameterCombination", 400),
    (e.Unsupported, ""): ("UnsupportedOperation", 400),
    (e.Missing, ""): ("InvalidParameterValue", 400),
    **{(e.Missing, resource): (f"{prefix}.NotFound", 400) for resource, prefix in _IDS.items()},
    (e.Conflict, ""): ("ResourceAlreadyExists", 400),
    (e.Conflict, "key pair"): ("InvalidKeyPair.Duplicate", 400),
    (e.Conflict, "security group"): ("InvalidGroup.Duplicate", 400),
    (e.InUse, ""): ("DependencyViolation", 400),
    (e.InUse, "volume"): ("VolumeInUse", 400),
    (e.InUse, "snapshot"): ("InvalidSnapshot.InUse", 400),
    (e.WrongState, ""): ("IncorrectState", 400),
    (e.WrongState, "instance"): ("IncorrectInstanceState", 400),
    (e.WrongState, "image"): ("InvalidAMIID.Unavailable", 400),
    (e.IllegalTransition, ""): ("IncorrectState", 400),
    (e.IllegalTransition, "instance"): ("IncorrectInstanceState", 400),
    (e.Protected, ""): ("OperationNotPermitted", 400),
    (e.TooOften, ""): ("RequestLimitExceeded", 503),
    (e.Mismatch, ""): ("IdempotentParameterMismatch", 400),
    (e.DryRun, ""): ("DryRunOperation", 412),
    (e.Forbidden, ""): ("UnauthorizedOperation", 403),
    (e.Unauthenticated, ""): ("AuthFailure", 401),
    (e.OverLimit, ""): ("InstanceLimitExceeded", 400),
    # Amazon sends 500 with this code. Clients of 2010 to 2024 (boto 2, boto3's legacy mode: five tries, up to 15 s of
    # waiting) take any 500 for a hiccup and try again; a full cloud is none, so they are told at once.
    (e.NoCapacity, ""): ("InsufficientInstanceCapacity", 400),
    (e.Exhausted, ""): ("InsufficientAddressCapacity", 400),
    (e.Unavailable, ""): ("Unavailable", 503),
    (e.Broken, ""): ("InternalError", 500),
    (e.CloudError, ""): ("InternalError", 500),
}
# STS and IAM use the general codes of the Query protocol.
QUERY: Mapping[tuple[type[Exception], str], Answer] = {
    (e.Invalid, ""): ("ValidationError", 400),
    (e.Invalid, "Version"): ("NoSuchVersion", 400),
    (e.Malformed, ""): ("ValidationError", 400),
    (e.Absent, ""): ("MissingParameter", 400),
    (e.Unsound, ""): ("InvalidParameterValue", 400),
    (e.Absent, "Action"): ("MissingAction", 400),
    (e.Unknown, ""): ("ValidationError", 400),
    (e.Unknown, "action"): ("InvalidAction", 400),
    (e.Unknown, "parameter"): ("UnknownParameter", 400),
    (e.Combination, ""): ("InvalidParameterCombination", 400),
    (e.Unsupported, ""): ("UnsupportedOperation", 400),
    (e.Missing, ""): ("NoSuchEntity", 404),
    (e.Conflict, ""): ("EntityAlreadyExists", 409),
    (e.InUse, ""): ("DeleteConflict", 409),
    (e.WrongState, ""): ("EntityTemporarilyUnmodifiable", 409),
    (e.IllegalTransition, ""): ("EntityTemporarilyUnmodifiable", 409),
    (e.Protected, ""): ("DeleteConflict", 409),
    (e.TooOften, ""): ("Throttling", 400),
    (e.Mismatch, ""): ("IdempotentParameterMismatch", 400),
    (e.DryRun, ""): ("DryRunOperation", 412),
    (e.Forbidden, ""): ("AccessDenied", 403),
    (e.Unauthenticated, ""): ("InvalidClientTokenId", 403),
    (e.OverLimit, ""): ("LimitExceeded", 409),
    (e.NoCapacity, ""): ("LimitExceeded", 409),
    (e.Exhausted, ""): ("LimitExceeded", 409),
    (e.Unavailable, ""): ("ServiceUnavailable", 503),
    (e.Broken, ""): ("InternalFailure", 500),
    (e.CloudError, ""): ("InternalFailure", 500),
}
# Which of an error's data is the second half of the key.
_SUBJECTS: Mapping[type[Exception], str] = {
    e.Missing: "resource",
    e.Malformed: "resource",
    e.Conflict: "resource",
    e.InUse: "resource",
    e.WrongState: "resource",
    e.Invalid: "parameter",
    e.Absent: "parameter",
    e.Unknown: "what",
    e.OverLimit: "limit",
    e.Forbidden: "action",
    e.IllegalTransition: "machine",
    e.Unsupported: "what",
}
_LONGEST = 1000
_HIDDEN = "An internal error has occurred. Ask the operator for this request id: {}"


class Codes:
    """The table above with the codes that the amendments add for EC2."""

    def __init__(self, added: Iterable[Code] = ()) -> None:
        ec2 = dict(EC2)
        for row in added:
            kind: type[Exception] = getattr(e, row.kind)
            ec2[kind, row.about] = (row.code, row.status)
        self._tables = {"ec2": ec2}

    def code(self, service: str, error: Exception) -> Answer:
        """Return the code and the HTTP status of an error."""
        table = self._tables.get(service, QUERY)
        about = _about(error)
        for kind in type(error).__mro__:
            found = table.get((kind, about)) or table.get((kind, ""))
            if found:
                return found
        return table[e.CloudError, ""]

    def fault(self, service: str, error: Exception, request_id: str) -> tuple[int, bytes]:
        """Return the HTTP status and the whole document of an error."""
        code, status = self.code(service, error)
        hidden = not isinstance(error, e.CloudError) or status == 500
        message = _HIDDEN.format(request_id) if hidden else brief(str(error))
        envelope = _ec2 if service == "ec2" else _query
        return status, envelope(code, status, markup.text(message), markup.text(request_id)).encode()


def brief(message: str) -> str:
    """Cut a message that repeats what a client sent, which may be as long as a request."""
    return message if len(message) <= _LONGEST else message[:_LONGEST] + "…"


def _about(error: Exception) -> str:
    """Tell what an error is about: the second half of a key of the table."""
    return str(getattr(error, _SUBJECTS.get(type(error), ""), ""))


def _ec2(code: str, status: int, message: str, request_id: str) -> str:
    return (
        f"{markup.DECLARATION}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )


def _query(code: str, status: int, message: str, request_id: str) -> str:
    fault = "Sender" if status < 500 else "Receiver"
    return (
        f"{markup.DECLARATION}<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
