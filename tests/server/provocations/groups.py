"""Security groups, their rules, and what instances may have of them."""

from tests.server.provocations import Row, Step

_GROUP = {"GroupId": "{group}"}
_SSH = {"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22", "CidrIp": "192.0.2.0/24"}
_MANY = {
    "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": "1", "IpPermissions.1.ToPort": "2",
    **{f"IpPermissions.1.IpRanges.{n}.CidrIp": f"10.{n >> 8}.{n & 255}.0/24" for n in range(1, 1200)},
}  # fmt: skip

_NAMES = [f"one of many {n}" for n in range(17)]
_RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1"}

ROWS: dict[Row, tuple[Step, ...]] = {
    ("Conflict", "security group"): (
        Step("CreateSecurityGroup", {"GroupName": "{group_name}", "GroupDescription": "x"}),
    ),
    ("Conflict", "reserved security group"): (
        Step("CreateSecurityGroup", {"GroupName": "default", "GroupDescription": "x"}),
    ),
    ("Conflict", "default security group"): (Step("DeleteSecurityGroup", {"GroupName": "default"}),),
    ("Conflict", "security group rule"): (
        Step("AuthorizeSecurityGroupIngress", _GROUP | _SSH),
        Step("AuthorizeSecurityGroupIngress", _GROUP | _SSH),
    ),
    ("Invalid", "IpPermission"): (Step("AuthorizeSecurityGroupIngress", _GROUP | _SSH | {"FromPort": "70000"}),),
    ("Missing", "permission"): (Step("RevokeSecurityGroupIngress", _GROUP | _SSH | {"FromPort": "21"}),),
    ("OverLimit", "security groups per instance"): (
        *(Step("CreateSecurityGroup", {"GroupName": name, "GroupDescription": "x"}) for name in _NAMES),
        Step("RunInstances", _RUN | {f"SecurityGroup.{n}": name for n, name in enumerate(_NAMES, 1)}),
    ),
    ("OverLimit", "rules per security group"): (Step("AuthorizeSecurityGroupIngress", _GROUP | _MANY),),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("Conflict", "security group rule"): (Step("RevokeSecurityGroupIngress", _GROUP | _SSH),),
    ("OverLimit", "security groups per instance"): tuple(
        Step("DeleteSecurityGroup", {"GroupName": name}) for name in _NAMES
    ),
}
NEVER: dict[Row, str] = {}
