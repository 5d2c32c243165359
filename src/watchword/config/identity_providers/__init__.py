"""`[[identity_provider]]`: OpenID providers of somebody else's, by which people log in."""
