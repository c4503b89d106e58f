"""Connection, schema, migrations and the group-commit writer."""

from .database import Database

__all__ = ["Database"]
