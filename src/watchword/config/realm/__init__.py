"""`[realm]`: what clients are told they authenticate to, and the personas in whose dialects they are served."""
