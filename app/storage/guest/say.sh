# Read by the other scripts: one line on the console, with the seconds since power on
# (whatever else became of the script's own output).
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
say() { echo "guest[$(cut -d' ' -f1 /proc/uptime)]: $*" > /dev/console; }
kept() { cat "/run/cloud/$1" 2>/dev/null || echo none; }
