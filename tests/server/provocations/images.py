"""Images, their attributes, key pairs."""

from tests.server.provocations import Row, Step

PUBLIC, MINE = {"ImageId": "{public}"}, {"ImageId": "{image}"}
_LATER = {"DeprecateAt": "2030-01-01T00:00:00Z"}
_ACTS: dict[str, dict[str, str]] = {
    "DeregisterImage": {},
    "DescribeImageAttribute": {"Attribute": "launchPermission"},
    "DisableImage": {},
    "DisableImageDeprecation": {},
    "DisableImageDeregistrationProtection": {},
    "EnableImage": {},
    "EnableImageDeprecation": _LATER,
    "EnableImageDeregistrationProtection": {},
    "ModifyImageAttribute": {"Description.Value": "x"},
    "ResetImageAttribute": {"Attribute": "launchPermission"},
}
_COPY = {"SourceImageId": "{image}", "SourceRegion": "eucalyptus", "Name": "copied"}
_CODES = {"Attribute": "productCodes", "OperationType": "add"}
_MANY_CODES = {f"ProductCode.{n}": f"CODE{n}" for n in range(1, 1002)}

ROWS: dict[Row, tuple[Step, ...]] = {
    **{("Forbidden", name): (Step(name, PUBLIC | more, by="stranger"),) for name, more in _ACTS.items()},
    ("Forbidden", "CopyImage"): (
        Step("ModifyImageAttribute", MINE | {"LaunchPermission.Add.1.UserId": "{stranger}"}),
        Step("CopyImage", _COPY, by="stranger"),
    ),
    **{
        ("Forbidden", f"Registering a {kind}"): (
            Step("RegisterImage", {"ImageLocation": f"library/{{sha256}}/{file}"}, by="stranger"),
        )
        for kind, file in (("kernel", "vmlinuz-x"), ("ramdisk", "initrd-x"))
    },
    ("Conflict", "image name"): (Step("RegisterImage", {"Name": "victim's image", "ImageLocation": "{location}"}),),
    ("Conflict", "key pair"): (Step("CreateKeyPair", {"KeyName": "{key_name}"}),),
    ("Invalid", "LaunchPermission.Group"): (
        Step("ModifyImageAttribute", MINE | {"LaunchPermission.Add.1.Group": "some"}),
    ),
    ("Invalid", "LaunchPermission.UserId"): (
        Step("ModifyImageAttribute", MINE | {"LaunchPermission.Add.1.UserId": "me"}),
    ),
    ("Invalid", "ProductCode"): (Step("ModifyImageAttribute", MINE | _CODES | {"ProductCode.1": "not a code!"}),),
    ("Malformed", "account"): (Step("DescribeImages", {"Owner.1": "me"}),),
    ("Malformed", "public key"): (Step("ImportKeyPair", {"KeyName": "x", "PublicKeyMaterial": "AQ=="}),),
    ("OverLimit", "product codes per image"): (Step("ModifyImageAttribute", MINE | _CODES | _MANY_CODES),),
    ("WrongState", "protected image"): (
        Step("EnableImageDeregistrationProtection", MINE),
        Step("DeregisterImage", MINE),
    ),
    ("WrongState", "image"): (
        Step("DisableImage", MINE),
        Step("RunInstances", MINE | {"MinCount": "1", "MaxCount": "1"}),
    ),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("Forbidden", "CopyImage"): (
        Step("ModifyImageAttribute", MINE | {"LaunchPermission.Remove.1.UserId": "{stranger}"}),
    ),
    ("WrongState", "protected image"): (Step("DisableImageDeregistrationProtection", MINE),),
    ("WrongState", "image"): (Step("EnableImage", MINE),),
}
NEVER: dict[Row, str] = {}
