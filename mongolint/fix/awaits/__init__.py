"""``await`` and ``async for`` where they are missing, and away where they are too much."""
