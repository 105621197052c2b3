"""What makes a function run: who uses it, which modules a start loads, what each request reaches."""
