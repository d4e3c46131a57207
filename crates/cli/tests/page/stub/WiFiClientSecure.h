// Its class is beside the one that uses it.
