"""A project on disk: its checked records, the seals of its results, the code behind them, a run of it."""
