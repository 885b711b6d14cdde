# SPDX-License-Identifier: Apache-2.0
"""tests/lib/terminal.py - a program on a terminal of its own.  Python's standard library only."""
import os
import pty
import re
import select
import time


class Terminal:
    """A program on a terminal of its own: type(), expect(), and its exit status."""

    def __init__(self, *words, env=None):
        self.text = ''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', 'COLUMNS': '200', **(env or {})})
            os.environ.pop('NO_COLOR', None)
            os.execvp(words[0], words)

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536).decode(errors='replace')
            except OSError:
                data = ''
            self.text += data
            return bool(data)
        return None

    def plain(self):
        """What came, without colours and movements."""
        return re.sub(r'\033\[[0-9;?]*[a-zA-Z]|\033[=>]|.\010', '', self.text)

    def expect(self, pattern, seconds=20):
        limit = time.monotonic() + seconds
        while not re.search(pattern, self.text) and not re.search(pattern, self.plain()):
            if time.monotonic() > limit or self.read(0.2) is False and not re.search(pattern, self.text):
                raise AssertionError(f'{pattern!r} did not come: {self.text!r}')
        return self.text

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while self.read(10):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status
