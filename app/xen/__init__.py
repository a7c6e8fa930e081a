"""Hypervisors: libvirt for everything real, a scripted one for rehearsals; nothing else imports libvirt."""
