"""A project with its results as one archive, for a journal or repository; and the proof that it computes the same."""
