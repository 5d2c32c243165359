"""`[passwords]`: what new passwords must be like, how they are kept, and who answers questions about them."""
