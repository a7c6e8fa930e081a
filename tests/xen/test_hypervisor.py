"""The contract of the Hypervisor ports on a real Xen: the same suites, on this folder's `arena`."""

from tests.contract.test_consoles import *  # noqa: F403
from tests.contract.test_hypervisor import *  # noqa: F403
