"""`[[store]]`: who keeps the passwords, one file for what each kind needs to know."""
