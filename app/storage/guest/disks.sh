#!/bin/sh
# Swap and ephemeral disks. They are known by their serial (virtio) or by EC2's names (Xen: …a2, …a3);
# a blank one is formatted, and nothing else is ever written to a disk that is not ours.
. /etc/guest/say
root=${1##*/}
blank() { [ -z "$(head -c 65536 "$1" | tr -d '\000' | head -c 1)" ]; }

for entry in /sys/class/block/vd* /sys/class/block/xvd* /sys/class/block/sd*; do
    [ -e "$entry" ] || continue
    name=${entry##*/}
    disk=/dev/$name
    [ "$name" = "$root" ] && continue
    role=$(cat "$entry/serial" 2>/dev/null)
    case $name in
        xvda2) role=ephemeral0 ;;
        xvda3) role=swap ;;
        xvda4) role=seed ;;
    esac
    case $role in
        swap)
            blank "$disk" && mkswap "$disk" >/dev/null
            swapon "$disk" 2>/dev/null && say "swap on $disk"
            ;;
        ephemeral0)
            # few inodes: every one of them costs disk on the host
            blank "$disk" && mke2fs -i 1048576 -L ephemeral0 "$disk" >/dev/null
            mount -t ext4 "$disk" /mnt 2>/dev/null && say "ephemeral disk $disk on /mnt"
            ;;
        seed) ;;
        *) say "disk $disk, $(cat "$entry/size") sectors, serial ${role:-none}" ;;
    esac
done
