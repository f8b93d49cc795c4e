"""The steps from each schema of history to the next, carried out by Alembic."""
