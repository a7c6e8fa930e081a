"""Columns of the audit; the newest come first because numbers grow.

The command is the one that would do the same: the audit keeps what was done to what, not every word of how.
"""

from collections.abc import Mapping

from app.api.resources import AuditView
from app.tui.columns.column import Column
from app.tui.looks import Look
from app.tui.scene import Scene

_DONE = {"ok": Look("●", "*", "done", "good"), "refused": Look("✕", "x", "refused", "bad")}
COMMANDS: Mapping[str, str] = {
    "AddCluster": "euca cluster add {}",
    "RemoveCluster": "euca cluster remove {}",
    "InviteGateway": "euca cluster gateway {}",
    "ForgetGateway": "euca cluster gateway {} --forget",
    "AddHost": "euca host add URI --name {}",
    "SetHost": "euca host set {}",
    "DrainHost": "euca host drain {}",
    "UndrainHost": "euca host undrain {}",
    "SleepHost": "euca host sleep {}",
    "WakeHost": "euca host wake {}",
    "FenceHost": "euca host fence {} --yes",
    "RemoveHost": "euca host remove {}",
    "LaunchInstances": "aws ec2 run-instances --image-id {}",
    "TerminateInstances": "aws ec2 terminate-instances --instance-ids {}",
    "RebootInstances": "aws ec2 reboot-instances --instance-ids {}",
    "StartInstances": "aws ec2 start-instances --instance-ids {}",
    "StopInstances": "aws ec2 stop-instances --instance-ids {}",
    "MoveInstance": "euca instance move {}",
    "UploadImageFile": "euca image install FILE",
    "RegisterImage": "euca image install FILE --name {}",
    "ShareImage": "euca image share {}",
    "DeregisterImage": "euca image remove {}",
    "SetType": "euca type set {}",
    "RemoveType": "euca type remove {}",
    "AddRuleset": "euca rules apply FILE",
    "ApplyRuleset": "euca rules apply {}",
    "RollBackRules": "euca rules rollback",
    "Remap": "euca rules round",
    "AddGroupRule": "euca group allow {}",
    "RemoveGroupRule": "euca group revoke {}",
    "SetQuota": "euca quota set {} NUMBER",
    "DeleteAccessKey": "euca user remove-key {}",
    "CreateAccount": "euca account create {}",
    "CreateUser": "euca user create {}",
    "CreateAccessKey": "euca user add-key {}",
    "IssueCredentials": "euca credentials --user {}",
    "DisableAccount": "euca account disable {}",
    "EnableAccount": "euca account enable {}",
    "CreateToken": "euca token create",
    "RevokeToken": "euca token revoke {}",
    "CancelJob": "euca job cancel {}",
    "PauseJob": "euca job pause {}",
    "ResumeJob": "euca job resume {}",
    "RetryJob": "euca job retry {}",
    "UndoChange": "euca undo {}",
    "Backup": "euca backup FILE",
}


def as_command(view: AuditView) -> str:
    """Spell what was done as it is typed in a shell: what its sender said it ran, else what would do the same."""
    if view.command not in ("", "euca console"):
        return view.command
    return COMMANDS.get(view.action, "").format(view.target.replace(" to ", " ").replace(", ", " "))


def _look(view: AuditView) -> Look:
    return _DONE.get(view.outcome) or Look("?", "?", view.outcome, "calm")


def _who(view: AuditView) -> str:
    return view.who.rpartition("/")[2]


def _outcome(view: AuditView, scene: Scene) -> str:
    return _look(view).text(scene)


COLUMNS: tuple[Column[AuditView], ...] = (
    Column(
        key="at",
        title="TIME",
        width=8,
        value=lambda v: -v.number,
        shows=lambda v, s: s.clock(v.at_ms),
        filtered=False,
        falls=True,
    ),
    Column(key="who", title="WHO", width=10, value=_who, grows=6, aliases=("user", "by")),
    Column(key="account", title="ACCOUNT", width=12, value=lambda v: v.who.rpartition("/")[0], rank=8),
    Column(key="what", title="WHAT", width=19, value=lambda v: v.action, grows=3, aliases=("action", "operation")),
    Column(
        key="outcome",
        title="OUTCOME",
        width=9,
        value=lambda v: _look(v).word,
        shows=_outcome,
        tone=lambda v: _look(v).tone,
        rank=2,
        aliases=("state",),
    ),
    Column(key="target", title="TARGET", width=21, value=lambda v: v.target, rank=1, grows=12, aliases=("about", "id")),
    Column(key="source", title="FROM", width=15, value=lambda v: v.source, rank=4, aliases=("from",)),
    Column(key="detail", title="WHY NOT", width=24, value=lambda v: v.detail, tone=lambda v: "bad", rank=5, grows=16),
    Column(key="command", title="AS A COMMAND", width=30, value=as_command, rank=6, grows=200),
    Column(key="number", title="NUMBER", width=7, value=lambda v: v.number, align="right", rank=9),
)
