"""A dashboard over the network: through a TLS proxy, with a token, and what it says when it is not let in."""
import http.client
import http.server
import re
import signal
import ssl
import subprocess
import threading

import pytest

import screen
import servers

TOKEN = "open-sesame"


class Proxy(http.server.BaseHTTPRequestHandler):
    """As those that come before a guard on its own machine: TLS here, plain HTTP there, and a note of who asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        c = http.client.HTTPConnection("127.0.0.1", self.server.guard_port, timeout=10)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            c.request(self.command, self.path, self.rfile.read(int(self.headers["Content-Length"] or 0)),
                      {**headers, "X-Forwarded-For": "192.0.2.7"})
            answer = c.getresponse()
            body = answer.read()
        except OSError:
            self.send_error(502)
            return
        finally:
            c.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"] or "")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def run(*command, cwd):
    subprocess.run(["openssl", *command], cwd=cwd, check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A private authority (ca.pem) and what it says of 127.0.0.1 (cert.pem, key.pem)."""
    folder = tmp_path_factory.mktemp("tls")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Private", cwd=folder)
    run("req", *key, "-keyout", "key.pem", "-out", "csr", "-subj", "/CN=127.0.0.1", cwd=folder)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    run("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem", "-days", "2",
        "-extfile", "names", cwd=folder)
    return folder


@pytest.fixture
def behind_proxy(guard, start_server, authority):
    """https://... of a guard that wants a token."""
    guard.sections["target shop"] = {"url": start_server().conninfo()}
    guard.sections["http"].update(listen="127.0.0.1:0", token=TOKEN, metrics_token="for-metrics")
    guard.start()
    guard.wait_log("target up")
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    proxy.guard_port = int(re.search(r" port=(\d+)", guard.log())[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    proxy.socket = context.wrap_socket(proxy.socket, server_side=True)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{proxy.server_port}"
    proxy.shutdown()
    proxy.server_close()


@pytest.fixture
def environment(tmp_path, authority):
    home = tmp_path / "home"
    home.mkdir()
    return {**servers.plain_env(), "HOME": str(home), "XDG_CONFIG_HOME": str(home), "DBVITALS_CA_FILE": str(authority / "ca.pem")}


def test_through_tls_with_the_token_of_a_file_it_is_attached(program, behind_proxy, environment, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    with screen.Screen([program, "--attach", behind_proxy], rows=24, columns=120,
                       env={**environment, "DBVITALS_TOKEN_FILE": str(tmp_path / "token")}) as s:
        s.wait(lambda t: "live" in t and behind_proxy[8:] in t, 15)
        assert TOKEN not in s.text()
        s.send("q")
        assert s.wait_end() == 0


def test_who_is_not_let_in_is_told_why_and_what_to_do(program, behind_proxy, environment, tmp_path):
    def refused(where=behind_proxy, **more):
        env = {k: v for k, v in {**environment, **more}.items() if v}
        done = subprocess.run([program, "--attach", where], env=env, capture_output=True, text=True, timeout=30)
        assert done.returncode == 2 and "planted" not in done.stderr
        return done.stderr
    assert "wants a token: give the one of its [http] token in DBVITALS_TOKEN" in refused()
    assert "refuses our token" in refused(DBVITALS_TOKEN="tok-planted")
    assert "is not believed: DBVITALS_CA_FILE names" in refused(DBVITALS_TOKEN="tok-planted", DBVITALS_CA_FILE="")
    assert "cannot read a token from" in refused(DBVITALS_TOKEN_FILE=str(tmp_path / "nothing"))
    assert "this token is for /metrics only" in refused(DBVITALS_TOKEN="for-metrics")


def test_a_token_that_is_changed_is_told_on_the_screen(program, behind_proxy, environment, guard):
    with screen.Screen([program, "--attach", behind_proxy], rows=24, columns=150, env={**environment, "DBVITALS_TOKEN": TOKEN}) as s:
        s.wait("live", 15)
        guard.sections["http"].update(listen="127.0.0.1:" + re.search(r" port=(\d+)", guard.log())[1], token="another")
        guard.write()
        guard.signal(signal.SIGHUP)
        s.wait(lambda t: "STALE" in t and "refuses our token" in t, 15)
        guard.sections["http"]["token"] = TOKEN
        guard.write()
        guard.signal(signal.SIGHUP)
        s.wait(lambda t: "live" in t and "refuses" not in t, 15)
