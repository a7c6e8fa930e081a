"""Launch templates: named parameters of launches, kept in numbered versions that never change."""

from dataclasses import dataclass

from app.domain.rows import key, secret


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchTemplate:
    """`latest_version` is the newest that is left, `versions_made` counts those that are gone, too: no number is given
    twice."""

    id: str = key()
    account_id: str
    name: str
    default_version: int = 1
    latest_version: int = 1
    versions_made: int = 1
    created_by: str
    created_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchTemplateVersion:
    """`data` is JSON by the member names of EC2's model; it may hold user data, so it is shown to its owner only."""

    id: str = key()
    template_id: str
    number: int
    description: str = ""
    data: str = secret()
    created_by: str
    created_at_ms: int


def version_id(template_id: str, number: int) -> str:
    """Form the key of a version; clients never see it."""
    return f"{template_id}:{number}"
