#!/bin/sh
# What init runs before it ends all programs and cuts the power.
. /etc/guest/say
say "going down"
sync
