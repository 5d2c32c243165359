"""`[[space]]`: protection spaces, and what their targets demand."""
