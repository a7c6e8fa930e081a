"""Libvirt's errors as the cloud's, by one table.

The trap: a broken connection shows up as many codes, some of them as general as "internal error"; what tells it is the
part of libvirt that raised it (the RPC layer) or a connection that is no longer alive. A missing domain or volume is an
answer, not an error: callers ask `is_absent` first.
"""

from typing import Any

import libvirt

from app.domain.errors import Broken, CloudError, Lost

LOST = frozenset(
    {
        libvirt.VIR_ERR_NO_CONNECT,
        libvirt.VIR_ERR_INVALID_CONN,
        libvirt.VIR_ERR_RPC,
        libvirt.VIR_ERR_GNUTLS_ERROR,
        libvirt.VIR_ERR_AUTH_FAILED,
        libvirt.VIR_ERR_AUTH_CANCELLED,
        libvirt.VIR_ERR_AUTH_UNAVAILABLE,
        libvirt.VIR_ERR_LIBSSH,
        libvirt.VIR_ERR_SSH,
    }
)
# Worth retrying although the connection is well: another call holds the domain.
BUSY = frozenset({libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_ERR_RESOURCE_BUSY})
UNSUPPORTED = frozenset({libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_UNSUPPORTED})
ABSENT = frozenset(
    {libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_NO_STORAGE_POOL}
    | {libvirt.VIR_ERR_NO_DOMAIN_METADATA}
)
RPC_LAYER = frozenset({libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_SSH, libvirt.VIR_FROM_LIBSSH})


def is_absent(error: Any) -> bool:
    """Tell "there is no such domain, volume, pool or metadata" from a failure."""
    return error.get_error_code() in ABSENT


def is_unsupported(error: Any) -> bool:
    return error.get_error_code() in UNSUPPORTED


def is_internal(error: Any) -> bool:
    """Tell what a hypervisor's own library refused without saying more."""
    return bool(error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR)


def breaks_connection(error: Any) -> bool:
    return error.get_error_code() in LOST or error.get_error_domain() in RPC_LAYER


def translate(host: str, error: Any) -> CloudError:
    """Make Lost (worth retrying) or Broken (refused for good) of a libvirt error."""
    words = str(error)
    if breaks_connection(error) or error.get_error_code() in BUSY:
        return Lost(host, words)
    return Broken(host, words)
