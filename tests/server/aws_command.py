"""The aws command as a process of its own, with nothing but the environment that `euca credentials` prints."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

AWS = str(Path(sys.executable).parent / "aws")


def aws(admin: dict[str, str], *arguments: str) -> Any:
    """Run `aws ec2`; it must succeed."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **admin, "AWS_PAGER": ""}
    done = subprocess.run(
        [AWS, "ec2", *arguments, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None
