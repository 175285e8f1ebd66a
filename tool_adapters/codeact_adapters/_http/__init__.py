"""HTTP as adapters share it: which addresses may be reached, the way out to them, and credentials that nobody sees."""
