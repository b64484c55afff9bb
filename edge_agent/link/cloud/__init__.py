"""Cloud realtime models: one interface, one file for each provider."""
