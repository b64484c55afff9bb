"""A conversation drawn as a picture; needs the extra `picture`."""
