"""What can be done about findings: fixes and comments, as edits of the workspace."""
