"""The views opened only to be asked: nothing of their file changes. Who fills them opens them by db.py."""

from pathlib import Path

import sqlalchemy as sa

from mingzhang.reading import connect_for_reading
from mingzhang.views.db import RebuildNeeded, prepare


def open_views_for_reading(path: Path) -> sa.Engine:
    """The views in a SQLite file that is there, also in a backup and on read-only media.

    Raises RebuildNeeded when they are of no use. Errors of SQLite name the file.
    """
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)), creator=lambda: connect_for_reading(path), poolclass=sa.QueuePool
    )
    # Transactions begin where SQLAlchemy begins them, so that one of them sees one state of the file.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        prepare(engine)
    except sa.exc.DatabaseError as error:
        engine.dispose()
        raise RebuildNeeded(f"the views cannot be read: {error.orig}") from error
    except BaseException:
        engine.dispose()
        raise
    return engine
