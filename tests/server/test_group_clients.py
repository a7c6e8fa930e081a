"""Rules of security groups by unmodified clients: aws CLI, boto3's resources, boto 2.49."""

import json
import os
import subprocess
import sys
from typing import Any

import boto3
import pytest

from tests.served import ServedCloud
from tests.server.aws_command import aws

pytestmark = [pytest.mark.server, pytest.mark.clients]


def test_the_aws_command_authorizes_and_revokes(admin: dict[str, str]) -> None:
    web = aws(admin, "create-security-group", "--group-name", "cli-web", "--description", "front end")["GroupId"]
    ssh = ("--group-id", web, "--protocol", "tcp", "--port", "22", "--cidr", "10.1.0.0/8")
    made = aws(admin, "authorize-security-group-ingress", *ssh)["SecurityGroupRules"][0]
    assert (made["CidrIpv4"], made["FromPort"], made["ToPort"]) == ("10.0.0.0/8", 22, 22)
    everything = ("--group-name", "cli-web", "--protocol", "all", "--source-group", web)
    assert aws(admin, "authorize-security-group-ingress", *everything)["SecurityGroupRules"][0]["IpProtocol"] == "-1"
    ping = ("--group-id", web, "--protocol", "icmp", "--port", "-1", "--cidr", "0.0.0.0/0")
    aws(admin, "authorize-security-group-egress", *ping)
    shown = aws(admin, "describe-security-group-rules", "--filters", f"Name=group-id,Values={web}")[
        "SecurityGroupRules"
    ]
    assert len(shown) == 4
    six = "IpProtocol=tcp,FromPort=80,ToPort=90,Ipv6Ranges=[{CidrIpv6=::/0,Description=web}]"
    aws(admin, "authorize-security-group-ingress", "--group-id", web, "--ip-permissions", six)
    rule = {"IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "CidrIpv4": "10.0.0.0/16"}
    change = json.dumps([{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": rule}])
    assert aws(admin, "modify-security-group-rules", "--group-id", web, "--security-group-rules", change)["Return"]
    for gone in ((*ssh[:3], "udp", "--port", "1-2", "--cidr", "10.0.0.0/16"), everything):
        aws(admin, "revoke-security-group-ingress", *gone)
    aws(admin, "revoke-security-group-egress", *ping)
    aws(admin, "delete-security-group", "--group-id", web)


def test_boto3_s_resources_authorize_and_revoke(admin: dict[str, str]) -> None:
    ec2: Any = boto3.resource(
        "ec2",
        endpoint_url=admin["AWS_ENDPOINT_URL_EC2"],
        region_name=admin["AWS_DEFAULT_REGION"],
        aws_access_key_id=admin["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=admin["AWS_SECRET_ACCESS_KEY"],
    )
    group = ec2.create_security_group(GroupName="resource", Description="front end")
    group.authorize_ingress(IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    group.authorize_ingress(SourceSecurityGroupName="resource")
    permissions = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    group.authorize_egress(IpPermissions=permissions)
    group.reload()
    assert len(group.ip_permissions) == 4
    assert len(group.ip_permissions_egress) == 2
    group.revoke_ingress(IpPermissions=group.ip_permissions)
    group.revoke_egress(IpPermissions=group.ip_permissions_egress)
    group.reload()
    assert (group.ip_permissions, group.ip_permissions_egress) == ([], [])
    group.delete()


def test_boto_2_authorizes_and_revokes_in_both_styles(cloud: ServedCloud, admin: dict[str, str]) -> None:
    """In a process of its own: boto 2 leaves importers behind that today's Python warns of."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.server.boto2_groups", cloud.url]
    done = subprocess.run(command, env={**os.environ, **admin}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "handled"
