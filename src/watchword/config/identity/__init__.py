"""How identities that others have proven are searched among the accounts, for whichever mechanism is told them."""
