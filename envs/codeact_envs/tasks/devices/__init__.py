"""A device without a driver: programs get its registers and its manual, and requests to serve with what they write."""
