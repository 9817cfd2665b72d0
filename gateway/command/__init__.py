"""The command line: `dragoman ...`."""
