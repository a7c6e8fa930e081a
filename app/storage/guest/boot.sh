#!/bin/sh
# What init runs once: everything up to "login ready". No step may hold the boot up for more than a few seconds.
. /etc/guest/say
[ -e /proc/self ] || mount -t proc proc /proc
[ -e /sys/class ] || mount -t sysfs sys /sys
[ -e /dev/null ] || mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /run/cloud
mount -o remount,rw / 2>/dev/null || say "the root file system stays read-only"

count=$(($(cat /var/lib/boot-count 2>/dev/null || echo 0) + 1))
echo $count > /var/lib/boot-count && sync
hostname guest
disk=$(cat /dev/run/root-disk 2>/dev/null)
memory=$(awk '/MemTotal/ {print $2}' /proc/meminfo)
say "Linux $(uname -r), $(nproc) cores, $memory KiB, root on ${disk:-an unknown disk}"
say "boot count $count"

acpid -l /run/acpid.log -p /run/acpid.pid 2>/dev/null && say "listens to the power button"
/etc/guest/disks "$disk"
/etc/guest/seed
ip link set lo up
/etc/guest/network
/etc/guest/ssh
echo yes > /run/booted
keys=$(grep -c . /root/.ssh/authorized_keys 2>/dev/null)
say "login ready: boot=$count instance=$(kept instance-id) host=$(hostname) ip=$(kept ip) mac=$(kept mac)" \
    "cores=$(nproc) memory_kib=$memory root=${disk:-none} keys=${keys:-0}"
