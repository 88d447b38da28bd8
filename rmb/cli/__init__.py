"""The command `rmb` and its sub-commands. Nothing heavy is imported until a command runs."""
