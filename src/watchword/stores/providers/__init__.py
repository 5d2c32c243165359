"""Providers of the credentials that users have for APIs of third parties."""
