#!/bin/sh
# Take on what was told: instance id, host name, public key; user data lie in /run/user-data.
. /etc/guest/say
id=$1 name=$2 key=$3
echo "$id" > /run/cloud/instance-id
hostname "${name:-$id}"
if [ -n "$key" ]; then
    mkdir -p /root/.ssh
    chmod 700 /root/.ssh
    echo "$key" > /root/.ssh/authorized_keys
    chmod 600 /root/.ssh/authorized_keys
    say "public key installed"
fi
# as cloud-init does: a script runs once in an instance's life, not at every boot
if [ "$(head -c 2 /run/user-data)" = '#!' ] && [ "$(cat /var/lib/user-data-ran 2>/dev/null)" != "$id" ]; then
    echo "$id" > /var/lib/user-data-ran
    chmod 700 /run/user-data
    (/run/user-data; say "user data ended with $?") &
fi
