"""What the owner of an instance has forbidden to everybody who asks by an interface, the owner included.

A guest may still power itself off, and a host may still fail. As at Amazon, who may not stop an instance may not
terminate it either.
"""

from app.domain.errors import Protected
from app.domain.instance import Instance

NO_TERMINATION, NO_STOP = "disableApiTermination", "disableApiStop"


def check_terminate(instance: Instance) -> None:
    """Raise Protected unless the instance may be terminated."""
    if instance.disable_api_termination or instance.disable_api_stop:
        attribute = NO_TERMINATION if instance.disable_api_termination else NO_STOP
        raise Protected("instance", instance.id, "terminated", attribute)


def check_stop(instance: Instance) -> None:
    """Raise Protected unless the instance may be stopped."""
    if instance.disable_api_stop:
        raise Protected("instance", instance.id, "stopped", NO_STOP)
