"""What is awaited and what is not: coroutines, cursors and driver objects as the running program has them."""
