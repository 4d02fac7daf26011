"""A whole hosted site on one machine, without containers: `make cluster`, and what the fault tests break."""
