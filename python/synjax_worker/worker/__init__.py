"""The worker process: its sockets, its scheduler, its executables."""
