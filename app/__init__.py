"""Eucalyptus: a private cloud on hosts that an organisation already owns."""

__version__ = "0.1.0"
