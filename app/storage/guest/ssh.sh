#!/bin/sh
# An ssh server for root by key only; the host key is made at the first boot and stays on the root disk.
. /etc/guest/say
host_key=/etc/dropbear/ed25519
[ -f $host_key ] || dropbearkey -t ed25519 -f $host_key >/dev/null 2>&1
echo "-----BEGIN SSH HOST KEY FINGERPRINTS-----"
dropbearkey -y -f $host_key | grep -i fingerprint
echo "-----END SSH HOST KEY FINGERPRINTS-----"
dropbear -s -r $host_key -p 22 || say "no ssh server"
