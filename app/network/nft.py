"""libnftables, the library behind `nft`: one document is one transaction of the kernel, wholly done or not at all.

Called by ctypes, since its Python module belongs to Debian's own interpreter. The traps: documents concern the network
namespace of the thread that runs them; what another program changes in our table is told by nobody, so the number of
the kernel's rule generation is compared; and once a change is in effect, the kernel still keeps whoever closes its
socket until what was removed is forgotten, so a thread of its own waits for that.
"""

import ctypes
import os
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

from app.domain.errors import Broken, Unavailable

Answer = TypeVar("Answer")
_PORT = "network"
_NETFILTER, _GET_GENERATION = 12, (10 << 8) | 16
_REQUEST = 1
_NEW_NETWORK = 0x40000000
_ANSWER_S = 2.0


def run(document: str) -> str:
    """Carry a document out and return what it printed; Broken or Unavailable says why nothing was changed."""
    library = _library()
    context = library.nft_ctx_new(0)
    if not context:
        raise Unavailable(_PORT, "libnftables can not begin")
    try:
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        failed = library.nft_run_cmd_from_buffer(context, document.encode())
        said = library.nft_ctx_get_error_buffer(context) if failed else library.nft_ctx_get_output_buffer(context)
        told = (said or b"").decode(errors="replace")
    finally:
        threading.Thread(target=library.nft_ctx_free, args=(context,), name="nft", daemon=True).start()
    if failed:
        raise Unavailable(_PORT, f"packet rules were refused: {told.strip()[:500]}")
    return told


def generation() -> int:
    """Return the number of the last change of packet rules by anybody in this network namespace."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as kernel:
        kernel.settimeout(_ANSWER_S)
        kernel.send(struct.pack("=IHHII4x", 20, _GET_GENERATION, _REQUEST, 1, 0))
        answer = kernel.recv(4096)
    # A header of 16 bytes, 4 bytes of family and resource, 4 of the first attribute's head, then its number.
    return int(struct.unpack_from("!I", answer, 24)[0])


def elsewhere(work: Callable[[], Answer]) -> Answer:
    """Work in a thread within a network namespace of its own, which is gone afterwards, as are its rules."""

    def apart() -> Answer:
        if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK):
            raise Broken(_PORT, f"no network namespace can be made: {os.strerror(ctypes.get_errno())}")
        return work()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(apart).result()


@cache
def _library() -> Any:
    try:
        library = ctypes.CDLL("libnftables.so.1")
    except OSError as error:
        raise Broken(_PORT, "packet rules need libnftables; install libnftables1") from error
    library.nft_ctx_new.restype = ctypes.c_void_p
    for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
        getattr(library, name).restype = ctypes.c_char_p
        getattr(library, name).argtypes = [ctypes.c_void_p]
    for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error", "nft_ctx_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return library
