"""Placement groups and launch templates."""

from tests.server.provocations import Row, Step

_DATA = {"LaunchTemplateData.KeyName": "x"}

ROWS: dict[Row, tuple[Step, ...]] = {
    ("Conflict", "launch template name"): (
        Step("CreateLaunchTemplate", {"LaunchTemplateName": "{template_name}", **_DATA}),
    ),
    ("Conflict", "placement group"): (
        Step("CreatePlacementGroup", {"GroupName": "{company_name}", "Strategy": "spread"}),
    ),
    ("InUse", "placement group"): (
        Step("CreatePlacementGroup", {"GroupName": "used", "Strategy": "cluster"}),
        Step("ModifyInstancePlacement", {"InstanceId": "{stopped}", "GroupName": "used"}),
        Step("DeletePlacementGroup", {"GroupName": "used"}),
    ),
    ("Malformed", "launch template"): (Step("DeleteLaunchTemplate", {"LaunchTemplateId": "lt-x"}),),
    ("Malformed", "launch template name"): (
        Step("CreateLaunchTemplate", {"LaunchTemplateName": "no blanks", **_DATA}),
    ),
    ("Malformed", "placement group"): (Step("DescribePlacementGroups", {"GroupId.1": "pg-x"}),),
    ("Missing", "launch template"): (Step("DeleteLaunchTemplate", {"LaunchTemplateId": "lt-0badc0de0badc0de0"}),),
    ("Missing", "launch template name"): (Step("DeleteLaunchTemplate", {"LaunchTemplateName": "nobodys"}),),
    ("Missing", "launch template version"): (
        Step("ModifyLaunchTemplate", {"LaunchTemplateId": "{template}", "SetDefaultVersion": "9"}),
    ),
    ("Missing", "placement group"): (Step("DeletePlacementGroup", {"GroupName": "nobodys"}),),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("InUse", "placement group"): (
        Step("ModifyInstancePlacement", {"InstanceId": "{stopped}", "GroupName": ""}),
        Step("DeletePlacementGroup", {"GroupName": "used"}),
    ),
}
NEVER: dict[Row, str] = {}
