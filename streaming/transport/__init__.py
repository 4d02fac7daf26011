"""How streams leave the process: a server that waits for its readers, and bases for sockets and event streams."""
