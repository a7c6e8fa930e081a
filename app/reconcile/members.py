"""Instances as members of networks."""

from app.domain.instance import Instance
from app.domain.network import Member, host_name


def member_of(instance: Instance, public: str = "") -> Member:
    """Form a member; `public` is the public address that stands for it."""
    return Member(
        instance_id=instance.id,
        mac=instance.mac,
        address=instance.address,
        hostname=host_name(instance.address),
        groups=instance.group_ids,
        public=public,
        moving=bool(instance.moving_from),
    )
