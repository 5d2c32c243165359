"""Floor 3: one file per way to prove who a request comes from, all on the port `core.mechanism.Mechanism`."""
