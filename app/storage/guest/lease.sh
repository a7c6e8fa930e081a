#!/bin/sh
# Called by udhcpc for every event, with the lease in its environment.
. /etc/guest/say
case $1 in
    deconfig) ip addr flush dev "$interface" ;;
    bound | renew)
        ip addr replace "$ip/${mask:-24}" dev "$interface"
        [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
        for gateway in $router; do
            ip route replace default via "$gateway" dev "$interface" && break
        done
        for server in $dns; do echo "nameserver $server"; done > /run/resolv.conf
        [ "$(kept ip)" = "$ip" ] && exit
        echo "$ip" > /run/cloud/ip
        say "address $ip/${mask:-24} by DHCP"
        /etc/guest/metadata
        ;;
esac
