"""Applications to watch: small HTTP servers that hold what a test puts into them, or a pool of SQLAlchemy's."""
import http.server
import json
import os
import ssl
import subprocess
import threading

import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one write

    def do_GET(self):
        app = self.server.app
        with app.lock:
            app.requests.append((self.path, dict(self.headers)))
            app.at_once += 1
            app.most_at_once = max(app.most_at_once, app.at_once)
        try:
            answer = app.routes.get(self.path.split("?")[0], (404, "application/json", '{"detail":"Not Found"}'))
            if callable(answer):
                answer = answer(self)
            if answer is not None:
                self.give(*answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with app.lock:
                app.at_once -= 1

    def give(self, status, kind, body, headers=()):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # whoever asked has gone


class Application:
    """routes: path -> (status, content type, body) or a function of the handler that gives that, or None when it has answered itself."""

    def __init__(self, certificate=None):
        self.lock = threading.Lock()
        self.requests, self.routes = [], {}
        self.at_once = self.most_at_once = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.app = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.cert, certificate.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def url(self, path="/", user=""):
        return f"{self.scheme}://{user}127.0.0.1:{self.port}{path}"

    def json(self, path, what, status=200):
        self.routes[path] = (status, "application/json", json.dumps(what))
        return self.url(path)

    def text(self, path, text, status=200):
        self.routes[path] = (status, "text/plain; version=0.0.4", text)
        return self.url(path)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def start_app():
    started = []

    def start(**more):
        started.append(Application(**more))
        return started[-1]

    yield start
    for a in started:
        a.close()


@pytest.fixture
def app(start_app):
    return start_app()


def self_signed(folder, name):
    class Files:
        cert, key = str(folder / "cert.pem"), str(folder / "key.pem")

    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", Files.key, "-out", Files.cert, "-days", "2",
                    "-subj", "/CN=" + name.split(":")[1], "-addext", "subjectAltName=" + name], check=True, capture_output=True)
    return Files


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself: .cert, .key."""
    return self_signed(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


@pytest.fixture(scope="session")
def certificate_of_another(tmp_path_factory):
    """As `certificate`, but for localhost by name alone."""
    return self_signed(tmp_path_factory.mktemp("tls_other"), "DNS:localhost")


@pytest.fixture
def write_config(tmp_path):
    """write_config({"shop": {"url": ...}}): --config of these targets."""

    def write(targets, more=""):
        path = tmp_path / "dbvitals.conf"
        lines = []
        for name, keys in targets.items():
            lines.append(f"[target {name}]")
            lines += [f"{k} = {v}" for k, v in keys.items()]
        path.write_text("\n".join(lines) + "\n" + more)
        os.chmod(path, 0o600)
        return str(path)

    return write
