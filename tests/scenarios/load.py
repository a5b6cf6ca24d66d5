"""Load with a measure of its own: what the users see, not what dbvitals shows."""
import threading
import time


class Load:
    """N users who do FN(i) again and again, with a pause; `times` has the seconds that each took since the last mark."""

    def __init__(self, n, fn, pause_s=0.01):
        self.fn, self.pause_s, self.end, self.lock, self.times, self.count = fn, pause_s, threading.Event(), threading.Lock(), [], 0
        self.threads = [threading.Thread(target=self.run) for _ in range(n)]

    def run(self):
        while not self.end.wait(self.pause_s):
            with self.lock:
                self.count += 1
                i = self.count
            began = time.monotonic()
            self.fn(i)
            took = time.monotonic() - began
            with self.lock:
                self.times.append(took)

    def mark(self):
        with self.lock:
            self.times = []

    def p95_s(self):
        with self.lock:
            times = sorted(self.times)
        return times[int(len(times) * 0.95)] if times else 0

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        for t in self.threads:
            t.join()
