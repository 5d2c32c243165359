"""`[proxy_header]`: the mechanism of that name."""
