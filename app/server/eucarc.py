"""Credentials as files and environments: the names that clients of 2009 and of today read.

The administrator's `eucarc` lies in the state directory and holds the only copy of the first token, so it is kept
over restarts and only its addresses follow the server. The trap: values end up in `eval`, so each is quoted.
"""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from app.domain.errors import Unavailable

REGION = "eucalyptus"
_HEAD = "# Credentials of a Eucalyptus cloud: keep them to yourself. Use: source eucarc\n"
_ADDRESSES = {
    "AWS_ENDPOINT_URL_EC2": "",
    "AWS_ENDPOINT_URL_STS": "",
    "AWS_ENDPOINT_URL_IAM": "",
    "AWS_ENDPOINT_URL_S3": "/services/Walrus",
    "EC2_URL": "/services/Eucalyptus",
    "S3_URL": "/services/Walrus",
    "EUCA_URL": "",
}


def environment(url: str, account_id: str, access_key_id: str, secret_key: str, token: str = "") -> dict[str, str]:
    """Name everything that a client of the cloud at `url` may look for; no `EUCA_TOKEN` for those without one."""
    named = {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "EC2_ACCESS_KEY": access_key_id,
        "EC2_SECRET_KEY": secret_key,
        "EC2_USER_ID": account_id,
    }
    if token:
        named["EUCA_TOKEN"] = token
    return at(named, url)


def at(named: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the same credentials for a cloud that is at `url` now."""
    return {**named, **{name: url + path for name, path in _ADDRESSES.items()}}


def render(named: Mapping[str, str]) -> str:
    """Write lines that a shell can `eval` or `source`."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(named.items()))


def parse(text: str) -> dict[str, str]:
    """Read what `render` wrote; lines that are no assignments of a plain name are skipped."""
    named = {}
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if len(words) == 2 and words[0] == "export" and "=" in words[1]:
            name, _, value = words[1].partition("=")
            if name.isidentifier():
                named[name] = value
    return named


def aws_config(named: Mapping[str, str]) -> str:
    """Write a file for AWS_CONFIG_FILE, with a profile and the addresses of all services."""
    services = {service: named[f"AWS_ENDPOINT_URL_{service.upper()}"] for service in ("ec2", "sts", "iam", "s3")}
    return (
        "[default]\n"
        f"region = {REGION}\n"
        f"aws_access_key_id = {named['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {named['AWS_SECRET_ACCESS_KEY']}\n"
        "services = eucalyptus\n\n"
        "[services eucalyptus]\n" + "".join(f"{name} =\n  endpoint_url = {url}\n" for name, url in services.items())
    )


def admin_file(state: Path) -> Path:
    """Return where the first administrator's credentials lie."""
    return state / "credentials" / "admin" / "eucarc"


def read(file: Path) -> dict[str, str]:
    """Read an eucarc; empty if there is none."""
    try:
        return parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "") or str(error)
        advice = "if it is damaged, remove it: the next start makes it anew with a new token"
        raise Unavailable("credentials", f"{file} can not be read ({why}); {advice}") from error


def write(file: Path, named: Mapping[str, str]) -> None:
    """Write an eucarc (0600) into directories of 0700, whole or not at all."""
    for folder in (file.parent.parent, file.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(_HEAD + render(named))
        out.flush()
        os.fsync(out.fileno())
    aside.replace(file)
