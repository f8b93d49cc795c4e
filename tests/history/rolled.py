"""Roll-ups made of the jobs that there are, as if nothing had been counted before."""

from collections import Counter

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from headway.history import rollups, schema


def make_anew(connection: Connection) -> None:
    """Count all jobs again."""
    connection.execute(delete(schema.job_rollups))
    upsert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    job_ids = connection.execute(select(schema.jobs.c.job_id)).scalars()
    rollups.add(connection, upsert, Counter(), rollups.of_jobs(connection, job_ids))
