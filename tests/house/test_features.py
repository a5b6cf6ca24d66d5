"""What the program was built without is told, by `--version` and by whoever asks for it; and it does all the rest."""


def written(tmp_path, text):
    path = tmp_path / "dbvitals.conf"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_http_that_cannot_be_had_is_refused_with_its_line_and_no_guard_pretends_to_listen(tmp_path, dbvitals, built_without):
    done = dbvitals("config", "check", "--config", written(tmp_path, "[http]\nlisten = 127.0.0.1:0\n"))
    if "HTTP" in built_without:
        assert done.returncode != 0 and "dbvitals.conf:2: [http] listen: this dbvitals was built without HTTP" in done.stderr
    else:
        assert done.returncode == 0, done.stderr


def test_the_version_tells_what_is_missing_and_nothing_else(dbvitals, built_without):
    said = dbvitals("--version").stdout
    assert said.startswith("dbvitals ") and ("(" in said) == (built_without != ""), said
