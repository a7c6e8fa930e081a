"""The networks of instances on the server's machine: bridges, DHCP, the metadata address; and their rehearsal."""
