"""POST /rpc: some of the routes as JSON-RPC methods (S4.6, S4.7)."""
