"""Formats that the world speaks, generated from the clients' own service models."""
