#!/usr/bin/env python3
"""A small web tier: one front instance with an address of its own and two behind it, in Python with boto3.

    web_tier.py build shop --image 'debian-12-*'
    web_tier.py tear-down shop

AWS_ENDPOINT_URL_EC2 says where: a private cloud, or nothing for Amazon. Nothing in here knows which.
"""

import argparse
import sys
from pathlib import Path

import boto3

EVERY_2_S = {"Delay": 2, "MaxAttempts": 150}
FRONT = "#!/bin/sh\nexec httpd -f -p 80 -h /srv\n"
BACK = "#!/bin/sh\nexec httpd -f -p 8080 -h /srv\n"


def build(ec2, tier, image_name, instance_type):
    image = newest_image(ec2, image_name)
    key = ec2.create_key_pair(KeyName=tier)
    key_file = Path(f"{tier}.pem")
    key_file.touch(mode=0o600)
    key_file.write_text(key["KeyMaterial"])

    group = ec2.create_security_group(GroupName=tier, Description=f"web tier {tier}")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]},
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": group}]},
        ],
    )

    def start(role, count, user_data):
        started = ec2.run_instances(
            ImageId=image,
            InstanceType=instance_type,
            MinCount=count,
            MaxCount=count,
            KeyName=tier,
            SecurityGroupIds=[group],
            UserData=user_data,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags(tier, role)}],
        )
        return [instance["InstanceId"] for instance in started["Instances"]]

    front, back = start("front", 1, FRONT), start("back", 2, BACK)
    ec2.get_waiter("instance_running").wait(InstanceIds=front + back, WaiterConfig=EVERY_2_S)

    address = ec2.allocate_address(Domain="vpc")
    ec2.create_tags(Resources=[address["AllocationId"]], Tags=tags(tier, "front"))
    ec2.associate_address(InstanceId=front[0], AllocationId=address["AllocationId"])
    print(f"{tier} is at {address['PublicIp']}: {front[0]} in front of {' and '.join(back)}; key in {key_file}")


def tear_down(ec2, tier):
    ours = [{"Name": "tag:tier", "Values": [tier]}]
    for address in ec2.describe_addresses(Filters=ours)["Addresses"]:
        if "AssociationId" in address:
            ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=address["AllocationId"])
    pages = ec2.get_paginator("describe_instances").paginate(Filters=ours)
    ids = [one["InstanceId"] for page in pages for found in page["Reservations"] for one in found["Instances"]]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
        ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig=EVERY_2_S)
    ec2.delete_security_group(GroupName=tier)
    ec2.delete_key_pair(KeyName=tier)
    Path(f"{tier}.pem").unlink(missing_ok=True)
    print(f"{tier} is gone")


def newest_image(ec2, name):
    chosen = [
        {"Name": "name", "Values": [name]},
        {"Name": "image-type", "Values": ["machine"]},
        {"Name": "state", "Values": ["available"]},
    ]
    images = ec2.describe_images(Filters=chosen)["Images"]
    if not images:
        sys.exit(f"there is no image named {name}")
    return max(images, key=lambda image: image["CreationDate"])["ImageId"]


def tags(tier, role):
    return [{"Key": "tier", "Value": tier}, {"Key": "Name", "Value": f"{tier}-{role}"}]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["build", "tear-down"])
    parser.add_argument("tier")
    parser.add_argument(
        "--image", default="debian-12-*", help="name of the image, wildcards allowed; the newest is taken"
    )
    parser.add_argument("--type", default="m1.small")
    asked = parser.parse_args()
    ec2 = boto3.client("ec2")
    if asked.action == "build":
        build(ec2, asked.tier, asked.image, asked.type)
    else:
        tear_down(ec2, asked.tier)


if __name__ == "__main__":
    main()
