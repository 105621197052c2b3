"""Facts about MongoDB and its Python drivers: tables, no logic, no import of a driver."""
