#!/bin/sh
# Called by acpid.
exec /sbin/poweroff
