"""Settings of the service; the environment overrides what differs between machines."""

import os


class Settings:
    app_name: str = "Bookshelf"
    mongodb_uri: str = os.getenv("MONGODB_URI", "mongodb://localhost:27017")
    database_name: str = os.getenv("MONGODB_DATABASE", "bookshelf")
    audit_collection: str = "audit_logs"

    session_hours: int = 12
    max_sessions_per_user: int = 5
    password_rounds: int = 60_000

    page_size: int = 20
    max_page_size: int = 100


settings = Settings()
