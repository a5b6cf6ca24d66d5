"""Where the program was built without Redis, its tests are skipped, and say so."""
import pytest


@pytest.fixture(autouse=True)
def built_with_redis(request, built_without):
    """What a program without hiredis says instead is its own test."""
    if "Redis" in built_without and request.node.path.stem != "test_redis_without":
        pytest.skip("built without Redis")
