#!/bin/sh
# First program of the ramdisk: load the disk and network drivers, find the root disk, hand over to it.
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

drivers=virtio
[ "$(cat /sys/hypervisor/type 2>/dev/null)" = xen ] && drivers=xen
while read -r module; do
    insmod "/lib/modules/$module.ko" 2>/dev/null
done < "/etc/$drivers.modules"

root=
mode=-r
for word in $(cat /proc/cmdline); do
    case $word in
        root=*) root=${word#root=} ;;
        rw) mode=-w ;;
    esac
done

# The disk named on the command line may stand under another name on this hypervisor's bus, and virtio names disks
# in the order in which it finds them: after the usual names the label decides.
mount_root() {
    case $root in LABEL=*|UUID=*) named=$(findfs "$root" 2>/dev/null) ;; *) named=$root ;; esac
    for disk in $named /dev/xvda1 /dev/xvda /dev/vda1 /dev/vda /dev/sda1 /dev/sda \
        $(findfs LABEL=euroot 2>/dev/null); do
        [ -b "$disk" ] && mount $mode -t ext4 "$disk" /mnt 2>/dev/null && return 0
    done
    return 1
}

tries=0
until mount_root; do
    tries=$((tries + 1))
    if [ $tries -ge 50 ]; then
        echo "ramdisk: no root disk (root=$root); the kernel sees:"
        cat /proc/partitions
        sleep 5
        poweroff -f
    fi
    sleep 0.1
done
echo "ramdisk: root file system on $disk"
mkdir -p /dev/run
echo "$disk" > /dev/run/root-disk
mount --move /dev /mnt/dev
mount --move /proc /mnt/proc
mount --move /sys /mnt/sys
exec switch_root /mnt /sbin/init
