"""One file a command; each defines its options and runs itself. ``gridsim.cli`` puts them together."""
