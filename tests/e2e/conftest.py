"""Fixtures of tests on a pseudo-terminal."""
import pytest


@pytest.fixture
def shop(start_server):
    """A private server with two tables, one of them with rows and an index."""
    s = start_server()
    s.psql("create table orders (id int primary key, v text); insert into orders select i, 'x' from generate_series(1, 5000) i;"
           "create index orders_v on orders (v); create table users (id int primary key)")
    return s
