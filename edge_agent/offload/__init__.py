"""What is asked of the cloud, what is said while it is awaited, and what a cloud model wants of the house."""
