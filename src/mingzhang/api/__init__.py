"""The HTTP doors: today those that need no login, for signed transactions and for what is public. One noun a file."""
