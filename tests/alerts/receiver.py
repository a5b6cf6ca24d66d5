"""A receiver of webhooks that misbehaves as it is told."""
import json
import socket
import ssl
import struct
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body, self.at = path, headers, body, time.monotonic()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def event(self):
        return self.json["data"]["alerts"][0]["event_id"]


class Receiver:
    """answers[path] is a list of what to do with the requests that come to it, the last one for all that follow: a status; or
    (status, headers, body); or "hang", "reset", "slow" (a byte now and then), "endless" (a body without end), "cut"."""

    def __init__(self, certificate=None):
        self.requests, self.answers, self.changed = [], {}, threading.Condition()
        self.running = self.most_at_once = self.connections = 0
        self.ended = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.connections += 1

            def log_message(self, *_):
                pass

            def do_POST(self):
                receiver.serve(self)

            do_GET = do_POST

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.server.handle_error = lambda *_: None
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.server_address[1]}"
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self.changed:
            self.requests.append(Request(handler.path, handler.headers, body))
            self.running += 1
            self.most_at_once = max(self.most_at_once, self.running)
            todo = self.answers.get(handler.path, [200])
            answer = todo.pop(0) if len(todo) > 1 else todo[0]
            self.changed.notify_all()
        try:
            self.answer(handler, answer)
        except OSError:
            handler.close_connection = True
        finally:
            with self.changed:
                self.running -= 1
                self.changed.notify_all()

    def answer(self, handler, answer):
        if answer == "hang":
            self.ended.wait(60)
            handler.close_connection = True
        elif answer == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
        elif answer == "cut":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            handler.close_connection = True
        elif answer == "slow":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not self.ended.wait(0.1):
                handler.wfile.write(b"x")
        elif answer == "endless":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.ended.is_set():
                handler.wfile.write(b"x" * 65536)
        elif callable(answer):
            answer(handler)
        else:
            status, headers, body = answer if isinstance(answer, tuple) else (answer, {}, "")
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            body = body.encode()
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

    def at(self, path):
        with self.changed:
            return [r for r in self.requests if r.path == path]

    def wait(self, path, n, timeout=20):
        """The first N requests to PATH."""
        with self.changed:
            enough = self.changed.wait_for(lambda: sum(r.path == path for r in self.requests) >= n, timeout)
        got = self.at(path)
        assert enough, f"{len(got)} of {n} requests came to {path}"
        return got


def self_signed(folder, name="127.0.0.1"):
    """A file with a key and a certificate for NAME that nobody vouches for."""
    path = folder / "self.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                    f"subjectAltName=IP:{name}", "-keyout", path, "-out", folder / "cert.pem"], check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "cert.pem").read_text())
    return path
