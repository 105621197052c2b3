"""An operation as a person reads it: as mongosh, field by field, with what would serve it better."""
