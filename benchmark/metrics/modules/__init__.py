"""The overlap metrics as modules of Hugging Face `evaluate`: `evaluate.load(PATH_OF_THE_FILE)`, without a network."""
