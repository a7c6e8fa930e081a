"""One life cycle, step by step, for every client that Python can import; prints one line a step.

A client is an object with a method a step (`create_key` for `create-key`). The trap: boto 1.9 and 2.0 run under
Python 2.7, so whatever they import, this file included, is written in what 2.7 and 3 have in common.
"""

from __future__ import print_function

import os
import sys
import time

# Each step with the steps that it can not do without.
STEPS = (
    ("regions", ()),
    ("zones", ()),
    ("images", ()),
    ("create-key", ()),
    ("keys", ("create-key",)),
    ("create-group", ()),
    ("allow-addresses", ("create-group",)),
    ("allow-group", ("create-group",)),
    ("groups", ("create-group", "allow-addresses", "allow-group")),
    ("run", ("images", "create-key", "create-group")),
    ("running", ("run",)),
    ("tag", ("run",)),
    ("tagged", ("tag",)),
    ("console", ("running",)),
    ("attribute", ("run",)),
    ("allocate-address", ()),
    ("associate-address", ("allocate-address", "running")),
    ("addresses", ("associate-address",)),
    ("disassociate-address", ("associate-address",)),
    ("release-address", ("allocate-address",)),
    ("create-volume", ("zones",)),
    ("attach-volume", ("create-volume", "running")),
    ("volumes", ("attach-volume",)),
    ("create-snapshot", ("create-volume",)),
    ("snapshots", ("create-snapshot",)),
    ("detach-volume", ("attach-volume",)),
    ("delete-snapshot", ("create-snapshot",)),
    ("delete-volume", ("create-volume",)),
    ("share-image", ("images",)),
    ("image-shares", ("share-image",)),
    ("reboot", ("running",)),
    ("stop", ("running",)),
    ("start", ("stop",)),
    ("refusal", ()),
    ("terminate", ("run",)),
    ("forbid-addresses", ("allow-addresses",)),
    ("delete-group", ("create-group", "terminate")),
    ("delete-key", ("create-key",)),
)
USER_DATA = "#!/bin/sh\necho hello\n"
# Well-formed, and nobody's.
NO_INSTANCE = "i-0123456789abcdef0"
WITHIN_S = 60.0
EVERY_S = 0.25


class Cannot(Exception):
    """The client has no call for a step; the text says why."""


def live(client):
    """Take a client through all steps, whatever fails on the way."""
    outcome = {}
    for step, needs in STEPS:
        lacking = [need for need in needs if outcome[need] != "ok"]
        if lacking:
            word = "cannot" if outcome[lacking[0]] == "cannot" else "failed"
            outcome[step], detail = word, "needs " + lacking[0]
        else:
            outcome[step], detail = _attempt(client, step)
        print("\t".join((step, outcome[step], " ".join(detail.split())[:300])))
        sys.stdout.flush()


def _attempt(client, step):
    try:
        getattr(client, step.replace("-", "_"))()
    except Cannot as reason:
        return "cannot", str(reason)
    except Exception as error:
        return "failed", "%s: %s" % (type(error).__name__, error)
    return "ok", ""


def is_equal(found, expected):
    if found != expected:
        raise AssertionError("%r is not %r" % (found, expected))


def contains(found, expected):
    if expected not in found:
        raise AssertionError("%r has no %r" % (found, expected))


def becomes(probe, expected):
    """Ask again until the answer is the expected one."""
    until = time.time() + WITHIN_S
    while True:
        found = probe()
        if found == expected or time.time() > until:
            return is_equal(found, expected)
        time.sleep(EVERY_S)


def name(word):
    """Form a name that no other client of the same cloud uses."""
    return "%s-%s-%d" % (os.environ.get("CLIENT", "client"), word, os.getpid())


def endpoint():
    """Return host, port and path as the environment names them."""
    address = os.environ["EC2_URL"].split("://", 1)[1]
    place, _, path = address.partition("/")
    host, _, port = place.partition(":")
    return host, int(port), "/" + path
