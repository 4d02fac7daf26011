"""What the product costs, measured from outside: processes, sockets, a browser and the kernel's accounts."""
