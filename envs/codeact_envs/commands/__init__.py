"""Commands about tasks, below `codeact tasks`."""
