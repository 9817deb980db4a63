"""The baseline of `bench_sales`: a Flask view that verifies the signature and inserts one row."""

import os
from datetime import UTC, datetime

from flask import Flask, Response, jsonify, request
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, insert

from config.database import make_engine
from tracker.sales.integrations import standard

MESSAGES = Table(
    "bench_message",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)


def app() -> Flask:
    application = Flask(__name__)
    engine = make_engine(os.environ["BENCH_URL"])
    secret = os.environ["BENCH_SECRET"]

    @application.post("/hooks/<source>")
    def receive(source: str) -> Response:
        body = request.get_data()
        key = standard.verify(dict(request.headers.items()), body, [secret], datetime.now(UTC))
        with engine.begin() as connection:
            connection.execute(insert(MESSAGES), {"id": key, "body": body})
        return jsonify(source=source)

    return application
