"""boto3: `with_boto3.py [API version]`, one of the eight that botocore carries."""

import sys

import boto3
import life
import today
from botocore import xform_name
from botocore.exceptions import ClientError


class Client(today.Client):
    def __init__(self, api_version):
        self.ec2 = boto3.client("ec2", api_version=api_version)

    def call(self, action, **parameters):
        try:
            return getattr(self.ec2, xform_name(action))(**parameters)
        except ClientError as error:
            raise today.Refused(error.response["Error"]["Code"], str(error)) from None

    def running(self):
        for waiter in {"instance_running", "instance_status_ok"} & set(self.ec2.waiter_names):  # 2014 has one of them
            self.ec2.get_waiter(waiter).wait(InstanceIds=self.ids, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        super().running()


if __name__ == "__main__":
    life.live(Client(*sys.argv[1:] or [None]))
