"""The link process: everything slow. asyncio and sockets live here and nowhere else."""
