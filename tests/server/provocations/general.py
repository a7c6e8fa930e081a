"""Errors of any operation: the form of a request, who sends it, how much it asks for."""

from tests.server.provocations import Row, Step

RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1"}
ONE, FEW = {"InstanceId.1": "{instance}"}, {"MaxResults": "5"}
_FILTERS = {f"Filter.{n}.{part}": "image-id" for n in range(1, 52) for part in ("Name", "Value.1")}
_VALUES = {"Filter.1.Name": "image-id", **{f"Filter.1.Value.{n}": "x" for n in range(1, 202)}}
_TAGS = {f"Tag.{n}.{part}": str(n) for n in range(1, 52) for part in ("Key", "Value")}
_GROUPS = {f"SecurityGroupId.{n}": f"sg-{n:017x}" for n in range(1, 1000)}
_PROTECT = {"InstanceId": "{instance}", "DisableApiTermination.Value": "true"}

ROWS: dict[Row, tuple[Step, ...]] = {
    ("Absent", ""): (Step("RunInstances"),),
    ("Absent", "Action"): (Step(""),),
    ("Combination", ""): (Step("DescribeInstances", ONE | FEW),),
    ("DryRun", ""): (Step("DescribeRegions", {"DryRun": "true"}),),
    ("InUse", ""): (Step("DeleteSecurityGroup", {"GroupId": "{group}"}),),
    ("Invalid", ""): (Step("DescribeRegions", {"RegionName.1": "mars"}),),
    ("Invalid", "Version"): (Step("DescribeRegions", {"Version": "2007-01-01"}),),
    ("Missing", ""): (Step("DescribeReservedInstancesListings", {"ReservedInstancesListingId": "x"}),),
    ("Mismatch", ""): (Step("RunInstances", {**RUN, "ClientToken": "{token}", "InstanceType": "c1.medium"}),),
    ("NoCapacity", ""): (Step("RunInstances", {**RUN, "MinCount": "900", "MaxCount": "900"}),),
    ("OverLimit", ""): (Step("RunInstances", {**RUN, "MaxCount": "100000"}),),
    ("OverLimit", "filters per request"): (Step("DescribeInstances", _FILTERS),),
    ("OverLimit", "values per filter"): (Step("DescribeInstances", _VALUES),),
    ("OverLimit", "tags per resource"): (Step("CreateTags", {"ResourceId.1": "{instance}", **_TAGS}),),
    ("OverLimit", "bytes per request"): (Step("DescribeRegions", {"RegionName.1": "x" * (2 << 20)}),),
    ("OverLimit", "parameters per request"): (
        Step("DescribeRegions", {f"RegionName.{n}": "" for n in range(1, 10_001)}),
    ),
    ("Protected", ""): (Step("ModifyInstanceAttribute", _PROTECT), Step("TerminateInstances", ONE)),
    ("Unknown", "action"): (Step("Frobnicate"),),
    ("Unknown", "parameter"): (Step("DescribeRegions", {"Colour": "red"}),),
    ("Unsupported", ""): (Step("CreateVpnGateway", {"Type": "ipsec.1"}),),
    ("Unauthenticated", ""): (Step("DescribeRegions", by="impostor"),),
    ("Invalid", "InstanceType.Value"): (
        Step("ModifyInstanceAttribute", {"InstanceId": "{stopped}", "InstanceType.Value": "m9.huge"}),
    ),
    ("WrongState", "instance"): (Step("StopInstances", {"InstanceId.1": "{gone}"}),),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("Protected", ""): (Step("ModifyInstanceAttribute", _PROTECT | {"DisableApiTermination.Value": "false"}),),
}
NEVER: dict[Row, str] = {
    ("Broken", ""): "only what was never meant to happen: tests/unit/wire/test_faults.py",
    ("CloudError", ""): "the root of all others; nothing raises it",
    ("IllegalTransition", ""): "services ask first what a state allows; the machines refuse what they forgot",
    ("IllegalTransition", "instance"): "services ask first what a state allows; the machines refuse what they forgot",
    ("TooOften", ""): "a cloud may be set so: tests/server/test_request_limit.py",
    ("Unavailable", ""): "a full disk, a host that does not answer: tests/faults",
    ("Unsound", ""): "rules come by REST",
    ("Conflict", ""): "each conflict here has a row of its own",
    ("Forbidden", ""): "each refusal by right has a row of its own; else what one may not see does not exist",
    ("Malformed", ""): "each id here has a row of its own",
    ("Unknown", ""): "each of what is unknown has a row of its own",
}
