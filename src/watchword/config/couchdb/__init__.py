"""`[couchdb]`: the bridge to CouchDB, by its cookie, its proxy fields and its log-ins."""
