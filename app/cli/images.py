"""`euca image`: from a file to something that can be launched."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from app.api.resources import ImageView, RegisterImage, ShareImage
from app.cli.output import done, show, show_json
from app.cli.remote import Remote, remote
from app.client import calls

PIECE_BYTES = 1 << 20
_COLUMNS = ("id", "kind", "name", "architecture", "size_bytes", "kernel_id", "ramdisk_id")
_FILE = click.Path(exists=True, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_KINDS = click.Choice(("machine", "kernel", "ramdisk"))


@click.group(epilog="Example: euca image install disk.img --name debian")
def image() -> None:
    """Images: kernels, ramdisks and the disks of machines."""


@image.command("build", epilog="Example: euca image build --out guest && euca image install guest --name tiny")
@click.option("--out", type=_FOLDER, default=Path("var/guest"), show_default=True, help="Where the image goes.")
@click.option("--cache", type=_FOLDER, default=Path("var/debs"), show_default=True, help="Where packages are kept.")
def build(out: Path, cache: Path) -> None:
    """Make the tiny Linux guest from Debian's packages: vmlinuz, initrd.img and root.img."""
    from app.storage import guest_image  # noqa: PLC0415 - not needed by the other commands

    out.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    made = guest_image.build(out, cache, lambda text: click.echo(text, err=True))
    click.echo(f"{made.root}\neuca image install {out} makes it an image")


@image.command("install", epilog="Example: euca image install root.img --kernel vmlinuz --ramdisk initrd.img")
@click.argument("source", type=_FILE)
@click.option("--name", default="", help="Name of the image (default: the file's).")
@click.option("--kind", type=_KINDS, default="machine", show_default=True, help="What the file is.")
@click.option("--kernel", default="", help="A kernel: eki-… or a file.")
@click.option("--ramdisk", default="", help="A ramdisk: eri-… or a file.")
@click.option("--min-memory-mib", type=click.IntRange(0), default=0, help="MiB that it needs to boot.")
@remote
def install(cloud: Remote, source: Path, name: str, min_memory_mib: int, **parts: str) -> None:
    """Upload a file and register it; a directory of `euca image build` gives kernel, ramdisk and disk at once.

    Instance types with less memory than --min-memory-mib are refused for the image.
    """
    name = name or source.stem
    if source.is_dir():
        min_memory_mib = min_memory_mib or _memory_of(source)
        parts |= {"kernel": str(source / "vmlinuz"), "ramdisk": str(source / "initrd.img")}
        source /= "root.img"
    body = RegisterImage(
        name=name,
        kind=parts["kind"],
        sha256="",
        kernel_id=_part(cloud, parts["kernel"], "kernel", name),
        ramdisk_id=_part(cloud, parts["ramdisk"], "ramdisk", name),
        min_memory_mib=min_memory_mib,
    )
    made = _register(cloud, source, body)
    show_json(made) if cloud.json else click.echo(made.id)


@image.command("list", epilog="Example: euca image list --json")
@remote
def list_images(cloud: Remote) -> None:
    """List images."""
    show(cloud.send(calls.images()).items, _COLUMNS, as_json=cloud.json)


@image.command("share", epilog="Example: euca image share emi-0a1b2c3d --account strangers")
@click.argument("image_id")
@click.option("--account", multiple=True, help="An account, by name or id; may be given several times.")
@click.option("--remove", is_flag=True, help="Take the permission of these accounts away.")
@click.option("--public/--private", default=None, help="Let everybody launch from it, or only who is named.")
@remote
def share(cloud: Remote, image_id: str, account: tuple[str, ...], *, remove: bool, public: bool | None) -> None:
    """Say who may launch from an image; instances that run go on."""
    body = ShareImage(add=() if remove else account, remove=account if remove else (), public=public)
    shared = cloud.send(calls.share_image(image_id, body))
    who = "everybody" if shared.public else ", ".join(shared.granted_to) or "its owner"
    show_json(shared) if cloud.json else click.echo(f"image {shared.id} may be launched by {who}")


@image.command("remove", epilog="Example: euca image remove emi-0a1b2c3d")
@click.argument("image_id")
@remote
def remove(cloud: Remote, image_id: str) -> None:
    """Take an image out of use; running instances keep what they booted from."""
    cloud.send(calls.remove_image(image_id))
    done(f"image {image_id} was removed", as_json=cloud.json, removed=image_id)


def _memory_of(folder: Path) -> int:
    """Read what `euca image build` wrote beside the image; 0 where it says nothing."""
    file = folder / "memory-mib"
    text = file.read_text().strip() if file.is_file() else "0"
    if not (text.isascii() and text.isdigit()):
        raise click.ClickException(f"{file}: there stands no number of MiB")
    return int(text)


def _part(cloud: Remote, given: str, kind: str, name: str) -> str:
    if not given or given.lower().startswith(("eki-", "eri-", "aki-", "ari-")):
        return given
    return _register(cloud, Path(given), RegisterImage(name=f"{name}-{kind}", kind=kind, sha256="")).id


def _register(cloud: Remote, file: Path, body: RegisterImage) -> ImageView:
    if not file.is_file():
        raise click.ClickException(f"there is no file {file}")
    uploaded = cloud.send(calls.upload_file(_pieces(file)))
    return cloud.send(calls.register_image(msgspec.structs.replace(body, sha256=uploaded.sha256)))


def _pieces(file: Path) -> Iterator[bytes]:
    """Read a file piece by piece, with a bar on a terminal."""
    size = file.stat().st_size
    bar = click.progressbar(length=size, label=file.name, file=sys.stderr, hidden=not sys.stderr.isatty())
    with file.open("rb") as source, bar:
        for piece in iter(lambda: source.read(PIECE_BYTES), b""):
            yield piece
            bar.update(len(piece))
