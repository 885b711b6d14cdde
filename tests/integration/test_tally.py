#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/tally.awk: what ./check counts of a test's output - nothing that failed is lost, what was skipped comes with its reason."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import pharos  # noqa: E402

TAP = 'ok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no /dev/fuse\n1..3\n'
CMOCKA = '[==========] 3 test(s) run.\n[  PASSED  ] 1 test(s).\n[  SKIPPED ] 1 test(s), listed below:\n[  SKIPPED ] test_b\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] test_c\n'
UNITTEST = 'test_a (x.A.test_a) ... ok\ntest_b (x.A.test_b) ... skipped \'no avahi\'\nRan 5 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n'
ROWS = (  # exit status, output, "passed failed skipped", reasons
    (1, TAP, '1 1 1', ['c: no /dev/fuse']),
    (1, CMOCKA, '1 1 1', ['test_b']),
    (1, UNITTEST, '1 3 1', ["test_b (x.A.test_b): 'no avahi'"]),
    (0, 'Ran 2 tests in 1s\n\nOK\nRan 3 tests in 1s\n\nOK (skipped=1)\n', '4 0 0', []),
    (0, 'noise\n7 passed, 0 failed\n', '7 0 0', []),
    (77, 'SKIP: needs core 0\n', '0 0 1', ['needs core 0']),
    (77, '', '0 0 1', ['no reason given']),
    (0, 'no format that is known\n', '1 0 0', []),
    (1, 'no format that is known\n', '0 1 0', []),
    (0, '# SKIP: too much load\nok 1 - a\n1..1\n', '1 0 1', ['too much load']),
    (139, 'ok 1 - a\n', '1 1 0', []),  # it died after that
)


def test_every_kind_of_output_is_counted():
    for status, text, sums, reasons in ROWS:
        out = subprocess.run(['awk', '-v', f'rc={status}', '-f', pharos.SOURCE / 'tests/tally.awk'], input=text, capture_output=True, text=True, check=True).stdout
        assert out.splitlines() == [sums, *reasons], (text, out)


if __name__ == '__main__':
    pharos.run(globals())
