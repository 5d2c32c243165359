"""`[digest]`: the mechanisms `digest` and `digest-md5`."""
