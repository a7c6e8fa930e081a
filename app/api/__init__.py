"""The operators' REST contract: structs shared by server and client."""
