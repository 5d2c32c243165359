"""Floor 6: where pure steps meet sockets, clocks and threads. One thin file per kind of host."""
