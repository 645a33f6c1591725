"""The JSON Schema of specs and recipes, from which editors complete, explain and underline. Never needed to check."""
