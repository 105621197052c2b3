"""What the data of a project needs: which fields have to be unique, and which say when a document ends."""
