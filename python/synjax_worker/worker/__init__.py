"""The worker process: its socket, its engine, its life."""
