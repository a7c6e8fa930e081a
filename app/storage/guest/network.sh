#!/bin/sh
# An address by DHCP on the first card. Without an answer the boot goes on and udhcpc keeps asking behind it.
. /etc/guest/say
tries=0
while [ ! -e /sys/class/net/eth0 ] && [ $tries -lt 20 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
if [ ! -e /sys/class/net/eth0 ]; then
    say "no network card"
    exit
fi
cat /sys/class/net/eth0/address > /run/cloud/mac
ip link set eth0 up
udhcpc -i eth0 -s /etc/guest/lease -t 5 -T 1 -A 10 -b >/dev/null 2>&1
[ -e /run/cloud/ip ] || say "no DHCP answer, going on without an address"
