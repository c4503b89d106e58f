"""Write the migration that brings the newest known schema to the one in schema.py.

python tools/new_migration.py "What changes"    a new migration after the newest
python tools/new_migration.py --first           0001 anew, while nothing is released
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations.ops import UpgradeOps
from mako.template import Template
from sqlalchemy import Connection

from advakod.storage import Database
from advakod.storage.migrate import MIGRATIONS
from advakod.storage.schema import metadata

VERSIONS = MIGRATIONS / "versions"


def main() -> int:
    """Write the file and show its path; 1 when there is nothing to write or no message."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 1
    if sys.argv[1] == "--first":
        for old in VERSIONS.glob("*.py"):
            old.unlink()
        return _write("The first schema.")
    return _write(sys.argv[1].rstrip(".") + ".")


def _write(message: str) -> int:
    known = sorted(path.name.split("_")[0] for path in VERSIONS.glob("*.py"))
    operations = _difference()
    if operations.is_empty():
        print("The migrations already make this schema.", file=sys.stderr)
        return 1
    revision = f"{len(known) + 1:04}"
    path = VERSIONS / f"{revision}_{'_'.join(message.lower().rstrip('.').split()[:4]) if known else 'initial'}.py"
    path.write_text(_render(message, revision, known[-1] if known else None, operations), "utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=True)
    print(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    return 0


def _difference() -> UpgradeOps:
    """What the known migrations leave undone, asked of a new database."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/new.db")
        try:
            if any(VERSIONS.glob("*.py")):
                database.open()
            with database.reading() as connection:
                return _compare(connection)
        finally:
            database.close()


def _compare(connection: Connection) -> UpgradeOps:
    found = produce_migrations(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
    return cast("UpgradeOps", found.upgrade_ops)


def _render(message: str, revision: str, down: str | None, operations: UpgradeOps) -> str:
    template: Any = Template(filename=str(MIGRATIONS / "script.py.mako"))  # makes Python, not HTML
    body = render_python_code(operations, render_as_batch=False)
    upgrades = "\n    ".join(body.split("\n"))
    return str(template.render(message=message, up_revision=revision, down_revision=down, upgrades=upgrades))


if __name__ == "__main__":
    sys.exit(main())
