"""EC2 and STS operations: one module an area, each a list of `Operation`.

A handler gets typed parameters and a unit of work, calls a service, and answers a dict by the model's member
names; decoding, encoding, errors and DryRun are done around it.
"""
