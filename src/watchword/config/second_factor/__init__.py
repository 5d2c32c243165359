"""`[second_factor]`: codes from an authenticator besides the password."""
