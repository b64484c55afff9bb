"""Home Assistant as the hands of the household skills: its REST and WebSocket API, from the link process."""
