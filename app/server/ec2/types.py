"""DescribeInstanceTypes: the types of this cloud in the words of EC2."""

import msgspec

from app.domain.errors import Missing
from app.domain.placement_group import Strategy
from app.domain.ports import Unit
from app.domain.vmtype import VmType
from app.server.ec2 import filters, pages
from app.server.ec2.operation import Answer, Ask, Filter, Operation
from app.services import types


class DescribeInstanceTypesIn(msgspec.Struct):
    instance_types: list[str] = []
    filters: list[Filter] = []
    max_results: int | None = None
    next_token: str | None = None


_FACTS: filters.Facts[VmType] = {
    "auto-recovery-supported": lambda t: ["false"],
    "bare-metal": lambda t: ["false"],
    "burstable-performance-supported": lambda t: ["false"],
    "current-generation": lambda t: ["true"],
    "dedicated-hosts-supported": lambda t: ["false"],
    "free-tier-eligible": lambda t: ["false"],
    "hibernation-supported": lambda t: ["false"],
    "hypervisor": lambda t: ["xen"],
    "instance-storage-info.disk.count": lambda t: ["1"],
    "instance-storage-info.disk.size-in-gb": lambda t: [str(t.disk_gb)],
    "instance-storage-info.disk.type": lambda t: ["hdd"],
    "instance-storage-info.encryption-support": lambda t: ["unsupported"],
    "instance-storage-info.nvme-support": lambda t: ["unsupported"],
    "instance-storage-info.total-size-in-gb": lambda t: [str(t.disk_gb)],
    "instance-storage-supported": lambda t: ["true"],
    "instance-type": lambda t: [t.name],
    "memory-info.size-in-mib": lambda t: [str(t.memory_mib)],
    "nitro-enclaves-support": lambda t: ["unsupported"],
    "nitro-tpm-support": lambda t: ["unsupported"],
    "processor-info.supported-architecture": lambda t: ["x86_64"],
    "reboot-migration-support": lambda t: ["unsupported"],
    "supported-boot-mode": lambda t: ["legacy-bios"],
    "supported-root-device-type": lambda t: ["instance-store"],
    "supported-usage-class": lambda t: ["on-demand"],
    "supported-virtualization-type": lambda t: ["hvm", "paravirtual"],
    "vcpu-info.default-cores": lambda t: [str(t.cores)],
    "vcpu-info.default-threads-per-core": lambda t: ["1"],
    "vcpu-info.default-vcpus": lambda t: [str(t.cores)],
    "vcpu-info.valid-cores": lambda t: [str(t.cores)],
    "vcpu-info.valid-threads-per-core": lambda t: ["1"],
}


def describe_instance_types(ask: Ask[DescribeInstanceTypesIn]) -> Answer:
    asked = ask.request
    _check_known(ask.unit, asked.instance_types)
    names = asked.instance_types or [vmtype.name for vmtype in ask.unit.vmtypes.where()]
    shown = [types.resolve(ask.unit, name) for name in dict.fromkeys(names)]
    chosen = filters.select(shown, asked.filters, _FACTS, ask.site.filters(ask.operation))
    cut, token = pages.page(
        chosen,
        lambda vmtype: (vmtype.cores, vmtype.memory_mib, vmtype.disk_gb, vmtype.name),
        asked.max_results,
        asked.next_token,
        bounds=(5, 100),
    )
    return {"InstanceTypes": [_item(vmtype) for vmtype in cut], "NextToken": token}


def _check_known(unit: Unit, names: list[str]) -> None:
    absent = [name for name in names if unit.vmtypes.get(name) is None]
    if absent:
        raise Missing("instance type", *absent)


def _item(vmtype: VmType) -> Answer:
    disk = {"SizeInGB": vmtype.disk_gb, "Count": 1, "Type": "hdd"}
    return {
        "InstanceType": vmtype.name,
        "CurrentGeneration": True,
        "FreeTierEligible": False,
        "SupportedUsageClasses": ["on-demand"],
        "SupportedRootDeviceTypes": ["instance-store"],
        "PlacementGroupInfo": {"SupportedStrategies": list(Strategy)},
        "SupportedVirtualizationTypes": ["hvm", "paravirtual"],
        "BareMetal": False,
        "Hypervisor": "xen",
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "VCpuInfo": {
            "DefaultVCpus": vmtype.cores,
            "DefaultCores": vmtype.cores,
            "DefaultThreadsPerCore": 1,
            "ValidCores": [vmtype.cores],
            "ValidThreadsPerCore": [1],
        },
        "MemoryInfo": {"SizeInMiB": vmtype.memory_mib},
        "InstanceStorageSupported": True,
        "InstanceStorageInfo": {
            "TotalSizeInGB": vmtype.disk_gb,
            "Disks": [disk],
            "NvmeSupport": "unsupported",
            "EncryptionSupport": "unsupported",
        },
        "HibernationSupported": False,
        "BurstablePerformanceSupported": False,
        "DedicatedHostsSupported": False,
        "AutoRecoverySupported": False,
        "SupportedBootModes": ["legacy-bios"],
        "NitroEnclavesSupport": "unsupported",
        "NitroTpmSupport": "unsupported",
        "RebootMigrationSupport": "unsupported",
    }


OPERATIONS = (Operation(name="DescribeInstanceTypes", request=DescribeInstanceTypesIn, handle=describe_instance_types),)
