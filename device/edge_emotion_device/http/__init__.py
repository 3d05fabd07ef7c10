"""What the servers share, `serving/` and `web/`: sockets, connections within limits, uvicorn."""
