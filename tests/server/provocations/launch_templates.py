"""Launch templates and placement groups."""

from tests.server.provocations import Row, Step

_RUN = {"ImageId": "{public}", "MinCount": "1", "MaxCount": "1"}
_NEW = {"LaunchTemplateData.KeyName": "x"}

ROWS: dict[Row, tuple[Step, ...]] = {
    ("Conflict", "launch template name"): (
        Step("CreateLaunchTemplate", {"LaunchTemplateName": "{template_name}", **_NEW}),
    ),
    ("Malformed", "launch template name"): (Step("CreateLaunchTemplate", {"LaunchTemplateName": "a b!", **_NEW}),),
    ("Missing", "launch template name"): (Step("DescribeLaunchTemplates", {"LaunchTemplateName.1": "nobodys"}),),
    ("Missing", "launch template version"): (
        Step("DescribeLaunchTemplateVersions", {"LaunchTemplateId": "{template}", "LaunchTemplateVersion.1": "99"}),
    ),
    ("Conflict", "placement group"): (
        Step("CreatePlacementGroup", {"GroupName": "{company_name}", "Strategy": "cluster"}),
    ),
    ("InUse", "placement group"): (
        Step("RunInstances", _RUN | {"Placement.GroupName": "{company_name}"}),
        Step("DeletePlacementGroup", {"GroupName": "{company_name}"}),
    ),
}
AFTER: dict[Row, tuple[Step, ...]] = {
    ("InUse", "placement group"): (Step("TerminateInstances", {"InstanceId.1": "{made_0}"}),),
}
NEVER: dict[Row, str] = {}
