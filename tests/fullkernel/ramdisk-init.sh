#!/bin/sh
# First program of the machine: load every module of the ramdisk, take the files of the machine outside as the root,
# read only under a layer of memory, and run there what the directory that is shared says. Its outcome goes there, too.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
    insmod "/lib/modules/$module.ko"
done < /etc/modules
mkdir -p /outside /layer /root
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro outside /outside || poweroff -f
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/outside,upperdir=/layer/upper,workdir=/layer/work root /root
for place in proc sys dev; do
    mount --move /$place /root/$place
done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts pts /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t tmpfs run /root/run
mkdir -p /root/run/shared
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 shared /root/run/shared
ip link set lo up
chroot /root /bin/sh /run/shared/command > /root/run/shared/said 2>&1
echo $? > /root/run/shared/outcome
sync
poweroff -f
