"""Reading the configuration: the file, the environment, the command line, and every problem of theirs in a sentence."""
