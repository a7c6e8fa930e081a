"""Every error of the domain has a code on the wire, in the envelope that clients read."""

from typing import Any

import pytest
from botocore.parsers import create_parser

from app.domain import errors as e
from app.wire.amendments import Amendments
from app.wire.faults import EC2, QUERY, Codes

CODES = Codes(Amendments.load().codes)
CASES = [
    (e.Invalid("MinCount", "x", "A number."), "InvalidParameterValue", 400),
    (e.Invalid("Version", "2001-01-01", "Too old."), "NoSuchVersion", 400),
    (e.Malformed("instance", "x"), "InvalidInstanceID.Malformed", 400),
    (e.Malformed("machine image", "x"), "InvalidAMIID.Malformed", 400),
    (e.Malformed("security group", "x"), "InvalidGroupId.Malformed", 400),
    (e.Malformed("volume", "x"), "InvalidVolumeID.Malformed", 400),
    (e.Malformed("pagination token", "x"), "InvalidNextToken", 400),
    (e.Absent("ImageId"), "MissingParameter", 400),
    (e.Absent("Action"), "MissingAction", 400),
    (e.Unknown("parameter", "Foo"), "UnknownParameter", 400),
    (e.Unknown("action", "Foo"), "InvalidAction", 400),
    (e.Unknown("filter", "foo"), "InvalidParameterValue", 400),
    (e.Combination("Either this or that."), "InvalidParameterCombination", 400),
    (e.Unsupported("The parameter Foo"), "UnsupportedOperation", 400),
    (e.Missing("machine image", "emi-1"), "InvalidAMIID.NotFound", 400),
    (e.Missing("kernel image", "eki-1"), "InvalidAMIID.NotFound", 400),
    (e.Missing("ramdisk image", "eri-1"), "InvalidAMIID.NotFound", 400),
    (e.Missing("image", "emi-1"), "InvalidAMIID.NotFound", 400),
    (e.Missing("instance", "i-1"), "InvalidInstanceID.NotFound", 400),
    (e.Missing("key pair", "k"), "InvalidKeyPair.NotFound", 400),
    (e.Missing("security group", "g"), "InvalidGroup.NotFound", 400),
    (e.Missing("zone", "z"), "InvalidZone.NotFound", 400),
    (e.Missing("volume", "vol-1"), "InvalidVolume.NotFound", 400),
    (e.Conflict("key pair", "k"), "InvalidKeyPair.Duplicate", 400),
    (e.Conflict("security group", "g"), "InvalidGroup.Duplicate", 400),
    (e.InUse("security group", "g", "i-1"), "DependencyViolation", 400),
    (e.InUse("zone", "z", "a host"), "DependencyViolation", 400),
    (e.WrongState("instance", "i-1", "stopped", "so no."), "IncorrectInstanceState", 400),
    (e.IllegalTransition("instance", "terminated", "start"), "IncorrectInstanceState", 400),
    (e.Mismatch("t"), "IdempotentParameterMismatch", 400),
    (e.Protected("instance", "i-1", "stopped", "disableApiStop"), "OperationNotPermitted", 400),
    (e.TooOften(5), "RequestLimitExceeded", 503),
    (e.Invalid("InstanceType.Value", "m9", "No."), "InvalidInstanceAttributeValue", 400),
    (e.Missing("instance type", "m9"), "InvalidInstanceType", 400),
    (e.Missing("reserved instance", "x"), "InvalidReservedInstancesId", 400),
    (e.Missing("reserved instance offering", "x"), "InvalidReservedInstancesOfferingId", 400),
    (e.Missing("spot instance request", "sir-1"), "InvalidSpotInstanceRequestID.NotFound", 400),
    (e.Missing("bundle task", "bun-1"), "InvalidBundleID.NotFound", 400),
    (e.Missing("dedicated host", "h-1"), "InvalidHostID.NotFound", 400),
    (e.DryRun(), "DryRunOperation", 412),
    (e.Forbidden("RunInstances"), "UnauthorizedOperation", 403),
    (e.Unauthenticated("Who?"), "AuthFailure", 401),
    (e.OverLimit("instances", 3, 2), "InstanceLimitExceeded", 400),
    (e.OverLimit("addresses", 3, 2), "AddressLimitExceeded", 400),
    (e.OverLimit("tags per resource", 51, 50), "TagLimitExceeded", 400),
    (e.Conflict("reserved security group", "default"), "InvalidGroup.Reserved", 400),
    (e.Conflict("default security group", "sg-12345678"), "CannotDelete", 400),
    (e.Malformed("public key", "x"), "InvalidKey.Format", 400),
    (e.Forbidden("DeregisterImage", "it is another's"), "AuthFailure", 403),
    (e.NoCapacity("m1.small", 2), "InsufficientInstanceCapacity", 400),
    (e.Unavailable("store", "busy"), "Unavailable", 503),
    (e.Lost("host", "gone"), "Unavailable", 503),
    (e.TimedOut("host", "define", 5), "Unavailable", 503),
    (e.Broken("host", "disk on fire"), "InternalError", 500),
    (KeyError("secret"), "InternalError", 500),
]


@pytest.mark.parametrize(("error", "code", "status"), CASES)
def test_an_error_is_read_by_botocore_with_its_code(error: Exception, code: str, status: int) -> None:
    answered, document = CODES.fault("ec2", error, "req-1")
    response: dict[str, Any] = {"body": document, "headers": {}, "status_code": answered}
    parsed = create_parser("ec2").parse(response, None)
    assert (answered, parsed["Error"]["Code"]) == (status, code)
    assert parsed["ResponseMetadata"]["RequestId"] == "req-1"
    assert parsed["Error"]["Message"] == str(error) or status == 500


def test_the_envelope_of_ec2_is_as_amazon_writes_it() -> None:
    _, document = CODES.fault("ec2", e.Missing("instance", "<i>"), "req-1")
    assert document.decode().partition("\n")[2] == (
        "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>"
        "<Message>The instance '&lt;i&gt;' does not exist</Message></Error></Errors>"
        "<RequestID>req-1</RequestID></Response>"
    )


def test_the_envelope_of_sts_is_as_amazon_writes_it() -> None:
    status, document = CODES.fault("sts", e.Forbidden("GetCallerIdentity", "no"), "req-1")
    assert (status, document.decode().partition("\n")[2]) == (
        403,
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
        "<Message>GetCallerIdentity was refused: no</Message></Error><RequestId>req-1</RequestId></ErrorResponse>",
    )


@pytest.mark.parametrize("error", [RuntimeError("/etc/secret"), e.Broken("host", "/etc/secret")])
@pytest.mark.parametrize("service", ["ec2", "sts"])
def test_nothing_internal_is_told(service: str, error: Exception) -> None:
    _, document = CODES.fault(service, error, "req-1")
    assert b"secret" not in document and b"req-1" in document


@pytest.mark.parametrize("table", [EC2, QUERY])
def test_every_kind_of_error_has_a_row(table: dict[tuple[type[Exception], str], tuple[str, int]]) -> None:
    kinds = {kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.CloudError)}
    inherited = {e.Lost, e.TimedOut, e.NotShown}
    assert {kind for kind, about in table if not about} == kinds - inherited


def test_a_message_that_repeats_a_long_value_is_cut() -> None:
    _, document = CODES.fault("ec2", e.Invalid("KeyName", "k" * 500_000, "It is too long."), "req-1")
    assert len(document) < 2000
