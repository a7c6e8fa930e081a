"""The one network that EC2 clients are shown: a default VPC that nobody makes, changes or deletes.

Clients of today look a VPC up before they name a group or a subnet. Its id is the same in every cloud and for every
account, since nothing hangs on it; isolation is by account and group.
"""

from typing import Final

DEFAULT_VPC_ID: Final = "vpc-e0ca1197"
