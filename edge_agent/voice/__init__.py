"""What is said: clip bank, text-to-speech programs, and the mixer that plays them."""
