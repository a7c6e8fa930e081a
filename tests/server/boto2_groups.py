"""Rules of security groups as boto 2.49 handles them, by names of old and by ids; run by `test_group_clients`."""

import sys
from typing import Any

from tests.server.boto2 import connect


def granted(connection: Any, name: str) -> list[tuple[str, str | None, str | None, str]]:
    group = connection.get_all_security_groups([name])[0]
    return sorted(
        (rule.ip_protocol, rule.from_port, rule.to_port, grant.cidr_ip or grant.name)
        for rule in group.rules
        for grant in rule.grants
    )


def handle(connection: Any) -> None:
    web = connection.create_security_group("boto2-web", "front end")
    db = connection.create_security_group("boto2-db", "back end")
    assert connection.authorize_security_group(
        "boto2-web", ip_protocol="tcp", from_port=22, to_port=22, cidr_ip="10.0.0.0/8"
    )
    assert connection.authorize_security_group_deprecated("boto2-db", "boto2-web", web.owner_id)
    three = [("icmp", "-1", "-1"), ("tcp", "0", "65535"), ("udp", "0", "65535")]
    assert granted(connection, "boto2-web") == [("tcp", "22", "22", "10.0.0.0/8")]
    assert granted(connection, "boto2-db") == [(*traffic, "boto2-web") for traffic in three]
    shown = connection.get_all_security_groups(["boto2-web", "boto2-db"])
    web, db = sorted(shown, key=lambda group: group.name, reverse=True)
    assert web.vpc_id
    assert web.authorize("tcp", 80, 90, src_group=db)
    assert ("tcp", "80", "90", "boto2-db") in granted(connection, "boto2-web")
    assert web.authorize(src_group=web)
    assert web.revoke(src_group=web)
    assert web.revoke("tcp", 80, 90, src_group=db)
    assert web.authorize("icmp", -1, -1, "0.0.0.0/0")
    assert connection.authorize_security_group_egress(web.id, "udp", 53, 53, cidr_ip="8.8.8.0/24")
    assert connection.revoke_security_group_egress(web.id, "udp", 53, 53, cidr_ip="8.8.8.0/24")
    assert connection.revoke_security_group_deprecated("boto2-db", "boto2-web", web.owner_id)
    assert connection.revoke_security_group(
        "boto2-web", ip_protocol="tcp", from_port=22, to_port=22, cidr_ip="10.0.0.0/8"
    )
    assert granted(connection, "boto2-web") == [("icmp", "-1", "-1", "0.0.0.0/0")]
    assert granted(connection, "boto2-db") == []
    assert web.delete()
    assert connection.delete_security_group("boto2-db")


if __name__ == "__main__":
    handle(connect(sys.argv[1]))
    print("handled")
