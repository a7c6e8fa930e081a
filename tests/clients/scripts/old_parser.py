"""What boto's own parser makes of a DescribeInstances or RunInstances answer on standard input; prints it as JSON."""

from __future__ import print_function

import json
import sys
import xml.sax

from boto.ec2.instance import Reservation
from boto.handler import XmlHandler
from boto.resultset import ResultSet


def told(instance):
    names = ("id", "image_id", "key_name", "instance_type", "placement", "ami_launch_index", "state", "launch_time")
    found = dict((name, getattr(instance, name)) for name in names)
    found["tags"] = dict(getattr(instance, "tags", {}))
    return found


def group_name(group):
    return getattr(group, "name", None) or getattr(group, "groupName", None) or group.id


def parsed(action, document):
    root = Reservation() if action == "RunInstances" else ResultSet([("item", Reservation)])
    xml.sax.parseString(document, XmlHandler(root, None))
    reservations = [root] if action == "RunInstances" else root
    return [
        {
            "id": reservation.id,
            "owner": reservation.owner_id,
            "groups": [group_name(group) for group in reservation.groups],
            "instances": [told(instance) for instance in reservation.instances],
        }
        for reservation in reservations
    ]


if __name__ == "__main__":
    document = getattr(sys.stdin, "buffer", sys.stdin).read()
    print(json.dumps(parsed(sys.argv[1], document)))
