"""Signed tokens as RFC 7515 has them, in the compact form alone: keys bound to one algorithm, and a strict verifier."""
