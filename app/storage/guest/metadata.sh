#!/bin/sh
# Ask EC2's metadata service who we are; nothing it does not answer is lost from an earlier boot.
# busybox's own wget time limit (-T) crashes in Debian 12, so every question is cut off from outside.
. /etc/guest/say
ask() { timeout 3 wget -q -O - "http://169.254.169.254/latest/$1" 2>/dev/null; }

tries=0
while [ $tries -lt 3 ]; do
    id=$(ask meta-data/instance-id) && [ -n "$id" ] && break
    tries=$((tries + 1))
    sleep 1
done
if [ -z "$id" ]; then
    say "no metadata service"
    exit
fi
echo "$id" > /run/cloud/instance-id
name=$(ask meta-data/local-hostname)
hostname "${name:-$id}"
say "instance $id, $(ask meta-data/instance-type), $(ask meta-data/placement/availability-zone)"
key=$(ask meta-data/public-keys/0/openssh-key)
if [ -n "$key" ]; then
    mkdir -p /root/.ssh
    chmod 700 /root/.ssh
    echo "$key" > /root/.ssh/authorized_keys
    chmod 600 /root/.ssh/authorized_keys
    say "public key installed"
fi
ask user-data > /run/user-data
# as cloud-init does: a script runs once in an instance's life, not at every boot
if [ "$(head -c 2 /run/user-data)" = '#!' ] && [ "$(cat /var/lib/user-data-ran 2>/dev/null)" != "$id" ]; then
    echo "$id" > /var/lib/user-data-ran
    chmod 700 /run/user-data
    (/run/user-data; say "user data ended with $?") &
fi
