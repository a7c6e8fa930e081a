"""What may be asked of a volume: a size, and no speed but the one that Amazon gives unasked, since none is promised."""

from app.domain.errors import Invalid, Unsupported
from app.domain.volume import SMALLEST_GIB

PERFORMANCE = {"gp3": (3000, 125)}  # what Amazon gives a volume of this kind that asks for nothing: IOPS, MiB/s


def given_size(asked: int | None) -> int:
    """Return a size in GiB, 0 if none was given."""
    if asked is not None and asked < SMALLEST_GIB:
        raise Invalid("Size", asked, f"It is at least {SMALLEST_GIB} GiB.")
    return asked or 0


def check_performance(kind: str, iops: int | None, throughput: int | None) -> None:
    """Refuse any promise of speed but the one that Amazon makes unasked."""
    usual_iops, usual_throughput = PERFORMANCE.get(kind, (None, None))
    if iops not in (None, usual_iops):
        raise Unsupported("Iops", "no volume here promises any")
    if throughput not in (None, usual_throughput):
        raise Unsupported("Throughput", "no volume here promises any")
