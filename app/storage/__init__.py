"""Image bytes: the library of files and the builder of the tiny guest."""
