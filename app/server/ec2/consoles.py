"""What clients ask of a guest's insides and of its serial console, where there is nothing to see."""

import msgspec

from app.server.ec2.operation import Answer, Ask, Operation
from app.services import instances


class GetPasswordDataIn(msgspec.Struct):
    instance_id: str


class NothingIn(msgspec.Struct):
    pass


def get_password_data(ask: Ask[GetPasswordDataIn]) -> Answer:
    """Tell what EC2 tells of Linux: there is no password; nobody here looks into a guest for one."""
    (instance,) = instances.find(ask.unit, ask.caller, (ask.request.instance_id,))
    return {"InstanceId": instance.id, "Timestamp": instance.launched_at_ms, "PasswordData": ""}


def serial_console(ask: Ask[NothingIn]) -> Answer:
    """Tell that there is no way to a serial console by EC2; what would switch it on is refused."""
    return {"SerialConsoleAccessEnabled": False}


def serial_console_status(ask: Ask[NothingIn]) -> Answer:
    return {**serial_console(ask), "ManagedBy": "account"}


OPERATIONS = (
    Operation(name="GetPasswordData", request=GetPasswordDataIn, handle=get_password_data, brief=True),
    Operation(name="DisableSerialConsoleAccess", request=NothingIn, handle=serial_console, brief=True),
    Operation(name="GetSerialConsoleAccessStatus", request=NothingIn, handle=serial_console_status, brief=True),
)
