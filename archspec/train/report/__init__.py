"""`report.html`: one file that answers every later question about a run, without a network and without a script."""
