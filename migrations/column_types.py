"""The types that steps are written with: native on PostgreSQL, what STRICT tables allow on SQLite."""

import sqlalchemy as sa

BIG_INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC_TIME = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
FLAG = sa.Boolean().with_variant(sa.Integer(), "sqlite")
UUID16 = sa.Uuid().with_variant(sa.LargeBinary(), "sqlite")
