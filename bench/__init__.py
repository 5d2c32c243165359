"""The benchmarks: what a check costs beside a server that checks nothing, in the same run. `make bench`."""
