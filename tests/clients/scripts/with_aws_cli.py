"""The aws command, version 1, driven by its command line; in one process, since each start of it takes a second."""

import contextlib
import io
import json
import re

import life
import today
from awscli.clidriver import create_clidriver
from botocore import xform_name


class Client(today.Client):
    def call(self, action, **parameters):
        return self._type(xform_name(action, "-"), *self._options(parameters))

    def running(self):
        super().running()
        self._type("wait", "instance-running", "--instance-ids", *self.ids)  # waits 15 s before it looks again

    def _type(self, *typed):
        words = ["ec2", *typed, "--output", "json"]
        told, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(errors):
            code = create_clidriver().main(words)
        if code:
            found = re.search(r"\((\S+)\)", errors.getvalue())
            raise today.Refused(found.group(1) if found else str(code), errors.getvalue())
        return json.loads(told.getvalue() or "{}")

    def _options(self, parameters):
        """Spell parameters as options: lists of words as words, whatever has members as JSON."""
        if parameters.pop("MinCount", None):
            parameters["Count"] = parameters.pop("MaxCount")
        for name, value in parameters.items():
            yield "--" + xform_name(name, "-")
            if isinstance(value, list) and isinstance(value[0], str):
                yield from value
            else:
                yield value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    life.live(Client())
