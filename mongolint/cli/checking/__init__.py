"""What only `check` needs beside the command itself."""
