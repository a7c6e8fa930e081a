"""Ansible's amazon.aws modules: plays `life.yml` and tells of its tasks as the other clients tell of their steps."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import life

CANNOT = {
    "console": "no module of amazon.aws reads a console",
    "attribute": "no module of amazon.aws shows an attribute alone",
}


def played(home):
    """Play everything; return the tasks' results by step."""
    settings = {
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_HOME": home,
        "ANSIBLE_LOCAL_TEMP": home,
        "OWN_NAME": life.name("own"),
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(Path(__file__).with_name("life.yml"))]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    if "{" not in done.stdout:
        raise SystemExit(done.stderr)
    results = {}
    for task in json.loads(done.stdout[done.stdout.index("{") :])["plays"][0]["tasks"]:
        results.setdefault(task["task"]["name"], []).append(task["hosts"]["localhost"])
    return results


def tell(results):
    for step, _ in life.STEPS:
        wrong = [str(result.get("msg", result)) for result in results.get(step, []) if result.get("failed")]
        word = "cannot" if step in CANNOT else "failed" if wrong or step not in results else "ok"
        detail = CANNOT.get(step) or " ".join(wrong)
        print("\t".join((step, word, " ".join(detail.split())[:300])))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        tell(played(home))
