"""An image shared and taken back as boto 2.49 does it; a program, run by `test_ec2_images` with the cloud's address."""

import sys
from typing import Any

from tests.server.boto2 import connect


def share(connection: Any, image_id: str, account_id: str) -> None:
    image = connection.get_image(image_id)
    assert not image.is_public
    assert connection.modify_image_attribute(image_id, user_ids=[account_id], groups=["all"])
    permissions = connection.get_image_attribute(image_id)
    assert permissions.attrs == {"groups": ["all"], "user_ids": [account_id]}
    assert connection.get_image(image_id).is_public
    assert connection.modify_image_attribute(image_id, operation="remove", groups=["all"])
    assert image.get_launch_permissions() == {"user_ids": [account_id]}
    assert connection.modify_image_attribute(image_id, "productCodes", product_codes=["774F4FF8"])
    assert connection.get_image_attribute(image_id, "productCodes").attrs["product_codes"] == ["774F4FF8"]
    assert connection.get_image_attribute(image_id, "kernel").kernel is not None
    mapping = connection.get_image_attribute(image_id, "blockDeviceMapping").attrs["block_device_mapping"]
    assert mapping["sda2"].ephemeral_name == "ephemeral0"
    assert image.reset_launch_attributes()
    assert image.get_launch_permissions() == {}


if __name__ == "__main__":
    url, image_id, account_id = sys.argv[1:]
    share(connect(url), image_id, account_id)
    print("shared")
