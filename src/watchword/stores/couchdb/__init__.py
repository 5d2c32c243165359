"""CouchDB: as a credential store, as what log-ins are passed on to, and its users, whose passwords may be changed."""
