"""Plug-ins for Watchword, as a library's reading room would have them: one of each kind."""
