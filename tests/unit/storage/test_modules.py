"""Kernel modules are loaded after what they need, and a kernel that lacks one is refused before it boots."""

import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Broken
from app.storage.modules import load_order, module_name


def module(*needs: str) -> bytes:
    return b"\x7fELF...\0license=GPL\0depends=" + ",".join(needs).encode() + b"\0name=x\0"


@st.composite
def kernels(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw modules that need only earlier ones, as modpost guarantees."""
    names = [f"m{number}" for number in range(draw(st.integers(1, 8)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else [] for at, name in enumerate(names)
    }


@given(kernel=kernels(), data=st.data())
def test_every_module_stands_after_all_that_it_needs(kernel: dict[str, list[str]], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(sorted(kernel))))
    order = load_order(wanted, {name: name for name in kernel}, set(), lambda path: module(*kernel[path]))
    assert set(wanted) <= set(order)
    loaded: set[str] = set()
    for name in order:
        assert set(kernel[name]) <= loaded
        loaded.add(name)


def test_dashes_in_file_names_and_compression_make_no_difference() -> None:
    path = "lib/modules/6.1/kernel/virtio-rng.ko.xz"
    files = {module_name(path): path}
    order = load_order(["virtio_rng"], files, set(), lambda _: lzma.compress(module()))
    assert order == {"virtio_rng": module()}


def test_what_is_built_in_is_not_loaded() -> None:
    assert load_order(["af_packet"], {}, {"af_packet"}, lambda _: b"") == {}


def test_a_module_that_the_kernel_lacks_is_named_with_who_needs_it() -> None:
    with pytest.raises(Broken, match=r"no module lost .needed by driver"):
        load_order(["driver"], {"driver": "driver.ko"}, set(), lambda _: module("lost"))
