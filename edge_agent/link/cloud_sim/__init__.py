"""Stand-ins for the cloud: servers that follow the providers' protocols, for tests and for a demo without a key."""
