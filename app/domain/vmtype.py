"""Instance types: how many cores, how much memory and disk; and the arithmetic of room on a host."""

from dataclasses import dataclass
from typing import Self

from app.domain.rows import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """An amount of the three things that hosts have and instances need."""

    cores: int
    memory_mib: int
    disk_gb: int

    def __add__(self, other: "Size") -> "Size":
        return Size(
            cores=self.cores + other.cores,
            memory_mib=self.memory_mib + other.memory_mib,
            disk_gb=self.disk_gb + other.disk_gb,
        )

    def __sub__(self, other: "Size") -> "Size":
        return Size(
            cores=self.cores - other.cores,
            memory_mib=self.memory_mib - other.memory_mib,
            disk_gb=self.disk_gb - other.disk_gb,
        )

    def covers(self, need: "Size") -> bool:
        return self.cores >= need.cores and self.memory_mib >= need.memory_mib and self.disk_gb >= need.disk_gb

    def times(self, need: "Size") -> int:
        """Count how many of `need` fit; a part that is not needed (0) sets no limit, unless it is overdrawn already."""
        if not self.covers(need):
            return 0
        pairs = ((self.cores, need.cores), (self.memory_mib, need.memory_mib), (self.disk_gb, need.disk_gb))
        return min((have // want for have, want in pairs if want > 0), default=0)


NOTHING = Size(cores=0, memory_mib=0, disk_gb=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VmType:
    """One instance type, or an alias of one (`t3.micro` → `m1.small`); aliases carry no sizes of their own."""

    name: str = key()
    cores: int
    memory_mib: int
    disk_gb: int
    alias_of: str = ""
    ordinal: int = 0

    @property
    def size(self) -> Size:
        return Size(cores=self.cores, memory_mib=self.memory_mib, disk_gb=self.disk_gb)

    @classmethod
    def of(cls, name: str, cores: int, memory_mib: int, disk_gb: int, ordinal: int) -> Self:
        return cls(name=name, cores=cores, memory_mib=memory_mib, disk_gb=disk_gb, ordinal=ordinal)


# 1.6.1's five, cloud-wide (spec: VM types).
STANDARD = (
    VmType.of("m1.small", 1, 128, 10, 1),
    VmType.of("c1.medium", 2, 128, 10, 2),
    VmType.of("m1.large", 2, 512, 10, 3),
    VmType.of("m1.xlarge", 2, 1024, 10, 4),
    VmType.of("c1.xlarge", 4, 2048, 10, 5),
)
