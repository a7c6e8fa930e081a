"""Launch templates: made, versioned and looked up here; a launch lays its request over what a version says.

What is asked for is kept as it was asked: whether this cloud can do it shows when it is launched, as the images and
groups that it names may come and go. The trap: latest is the highest number that is left; no number is used again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain import ids
from app.domain.account import Caller
from app.domain.errors import Absent, Combination, Conflict, Invalid, Malformed, Missing
from app.domain.launch_template import LaunchTemplate, LaunchTemplateVersion, version_id
from app.domain.ports import Entropy, Unit
from app.services import client_tokens, tags
from app.services.access import owns, scope

DEFAULT, LATEST = "$Default", "$Latest"
LONGEST_TOKEN = 128
LONGEST_DESCRIPTION = 255
_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_SPELLED = {"RamDiskId": "RamdiskId"}
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a version is to hold; `parameters` by the member names of EC2's model."""

    parameters: dict[str, Any] = field(repr=False)
    description: str = ""


def create(unit: Unit, caller: Caller, name: str, draft: Draft, entropy: Entropy) -> LaunchTemplate:
    """Make a template and its first version; Conflict if the account has one of that name."""
    if not _NAME.fullmatch(name):
        raise Malformed("launch template name", name[:128], "3 to 128 letters, digits and ().-/_")
    if unit.launch_templates.where(account_id=caller.account_id, name=name):
        raise Conflict("launch template name", name)
    template = LaunchTemplate(
        id=ids.mint("launch template", entropy(ids.ENTROPY_BYTES)),
        account_id=caller.account_id,
        name=name,
        created_by=caller.arn,
        created_at_ms=unit.now_ms,
    )
    unit.launch_templates.add(template)
    _add(unit, caller, template, 1, draft)
    return template


def create_version(unit: Unit, caller: Caller, template: LaunchTemplate, draft: Draft) -> LaunchTemplateVersion:
    """Add a version with the next number."""
    number = template.versions_made + 1
    unit.launch_templates.put(replace(template, versions_made=number, latest_version=number))
    return _add(unit, caller, template, number, draft)


def named(unit: Unit, caller: Caller, template_id: str, name: str) -> LaunchTemplate:
    """Look a template up by exactly one of id and name; Missing if it is not there for the caller."""
    if bool(template_id) == bool(name):
        raise Combination("Name the launch template by exactly one of LaunchTemplateId and LaunchTemplateName")
    return _of_id(unit, caller, template_id) if template_id else _of_name(unit, caller, name)


def find(unit: Unit, caller: Caller, template_ids: Sequence[str], names: Sequence[str]) -> list[LaunchTemplate]:
    """Look templates up by id and name, or list all of them; Missing names the first one that is not there."""
    if not (template_ids or names):
        return unit.launch_templates.where(**scope(caller))
    found = [*(_of_id(unit, caller, one) for one in template_ids), *(_of_name(unit, caller, name) for name in names)]
    return list(dict.fromkeys(found))


def versions(unit: Unit, template: LaunchTemplate) -> list[LaunchTemplateVersion]:
    """List the versions of a template, oldest first."""
    return sorted(unit.launch_template_versions.where(template_id=template.id), key=lambda each: each.number)


def version(unit: Unit, template: LaunchTemplate, word: str) -> LaunchTemplateVersion:
    """Return the version of a number, $Default or $Latest; Missing otherwise."""
    words = {DEFAULT: template.default_version, LATEST: template.latest_version}
    asked = words[word] if word in words else number(word)
    found = unit.launch_template_versions.get(version_id(template.id, asked))
    if found is None:
        raise Missing("launch template version", word)
    return found


def number(word: str) -> int:
    """Read the number of a version."""
    if not _NUMBER.fullmatch(word):
        raise Invalid("LaunchTemplateVersion", word[:32], f"A version is a number, {DEFAULT} or {LATEST}.")
    return int(word)


def parameters(version: LaunchTemplateVersion) -> dict[str, Any]:
    """Return what a version says, by the member names of EC2's model."""
    said: dict[str, Any] = json.loads(version.data)
    return said


def launch_parameters(version: LaunchTemplateVersion) -> dict[str, Any]:
    """Return what a version says as RunInstances spells it."""
    return {_SPELLED.get(name, name): value for name, value in parameters(version).items()}


def marks(version: LaunchTemplateVersion) -> dict[str, str]:
    """Return the tags that tell of an instance from which version it was launched, as on Amazon."""
    return {
        "aws:ec2launchtemplate:id": version.template_id,
        "aws:ec2launchtemplate:version": str(version.number),
    }


def set_default(unit: Unit, template: LaunchTemplate, word: str) -> LaunchTemplate:
    """Make a version the one that counts where none is named."""
    changed = replace(template, default_version=version(unit, template, word).number)
    unit.launch_templates.put(changed)
    return changed


def delete(unit: Unit, template: LaunchTemplate) -> None:
    """Delete a template with all its versions."""
    for each in versions(unit, template):
        _remove(unit, each)
    tags.forget(unit, template.id)
    unit.launch_templates.remove(template)


def delete_version(unit: Unit, template: LaunchTemplate, number: int) -> LaunchTemplate:
    """Delete one version and return what is left; Missing, or Combination for the default one."""
    doomed = version(unit, template, str(number))
    if number == template.default_version:
        raise Combination(f"Version {number} is the default of {template.name}; make another one the default first")
    _remove(unit, doomed)
    left = replace(template, latest_version=versions(unit, template)[-1].number)
    unit.launch_templates.put(left)
    return left


def _add(unit: Unit, caller: Caller, template: LaunchTemplate, number: int, draft: Draft) -> LaunchTemplateVersion:
    if not draft.parameters:
        raise Absent("LaunchTemplateData")
    if len(draft.description) > LONGEST_DESCRIPTION:
        raise Invalid("VersionDescription", draft.description, f"It has at most {LONGEST_DESCRIPTION} characters.")
    made = LaunchTemplateVersion(
        id=version_id(template.id, number),
        template_id=template.id,
        number=number,
        description=draft.description,
        data=json.dumps(draft.parameters, sort_keys=True),
        created_by=caller.arn,
        created_at_ms=unit.now_ms,
    )
    unit.launch_template_versions.add(made)
    return made


def _remove(unit: Unit, version: LaunchTemplateVersion) -> None:
    client_tokens.forget(unit, version.id)
    unit.launch_template_versions.remove(version)


def _of_id(unit: Unit, caller: Caller, template_id: str) -> LaunchTemplate:
    template = unit.launch_templates.get(ids.parse(template_id, "launch template"))
    if template is None or not owns(caller, template):
        raise Missing("launch template", template_id)
    return template


def _of_name(unit: Unit, caller: Caller, name: str) -> LaunchTemplate:
    found = unit.launch_templates.where(account_id=caller.account_id, name=name)
    if not found:
        raise Missing("launch template name", name)
    return found[0]
