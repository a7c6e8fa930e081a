#!/bin/sh
# Ask EC2's metadata service who we are; nothing it does not answer is lost from an earlier boot.
# busybox's own wget time limit (-T) crashes in Debian 12, so every question is cut off from outside.
. /etc/guest/say
[ -e /run/cloud/seeded ] && exit
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
name=$(ask meta-data/local-hostname)
say "instance $id, $(ask meta-data/instance-type), $(ask meta-data/placement/availability-zone)"
ask user-data > /run/user-data
/etc/guest/become "$id" "$name" "$(ask meta-data/public-keys/0/openssh-key)"
