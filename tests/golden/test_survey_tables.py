"""The survey's tables in SQL: databases of format 1 lie in study folders and on servers, and must still open."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from builder.survey import database
from tests.asks import TABLES

GOLDEN = Path(__file__).parent


def definitions(dialect: sa.Dialect) -> str:
    tables = sorted((TABLES.survey, TABLES.participants, TABLES.ratings), key=lambda table: table.name)
    elements = [element for table in tables for element in (CreateTable(table), *map(CreateIndex, table.indexes))]
    return "".join(f"{str(element.compile(dialect=dialect)).strip()};\n\n" for element in elements).replace(" \n", "\n")


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_the_tables_are_those_of_format_1(dialect):
    assert database.FORMAT == 1
    assert definitions(dialect) == (GOLDEN / f"survey-{dialect.name}.sql").read_text()
