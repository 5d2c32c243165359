"""Third parties for whose APIs users have credentials, as they are configured."""
