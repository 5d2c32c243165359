"""`[[authorizer]]`: who else has a say in what somebody may do."""
