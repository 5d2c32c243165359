"""`[[service_account]]`: programs that are known from the configuration alone."""
