"""The mechanisms of a protection space: one list of their names, and one of what makes them."""
