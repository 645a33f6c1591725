"""What a run says of itself beside its weights: by what command, of which code, on which machine, and how it ended."""
