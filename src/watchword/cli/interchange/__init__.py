"""The format in which users and sessions are imported and exported: one JSON object, or one for each line."""
