"""Built without hiredis a target of Redis says so at once; with it, that nobody listens."""
WITHOUT = "built without redis"


def test_a_redis_that_is_not_there_is_told_in_a_sentence(dbvitals):
    said = dbvitals("query", "select * from redis_server", "redis://:geheim@127.0.0.1:1/0").stderr
    assert (WITHOUT in said or "cannot connect to 127.0.0.1 port 1: Connection refused" in said) and "geheim" not in said, said
