#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""After all other integration tests: each operation of the contract was used by one of them, and went well."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))
import openapi  # noqa: E402

folder = pathlib.Path(os.environ.get('PHAROS_BUILDDIR', '.')) / 'api-seen'
if not (folder / 'test_api_crud.py').exists():
    print('SKIP: the other integration tests have not run here')
    sys.exit(77)
seen = {tuple(line.split()) for path in folder.iterdir() for line in path.read_text().splitlines()}
good = {name for name, status in seen if int(status) < 300}
operations = [op['operationId'] for item in openapi.load()['paths'].values() for op in item.values() if isinstance(op, dict)]
missing = [name for name in operations if name not in good]
refused = {name for name, status in seen if int(status) >= 400}
print(f'# {len(operations)} operations, {len(seen)} different answers, {len(refused)} operations refused something')
print(f'{"not ok" if missing else "ok"} 1 - every operation was used{": not " + ", ".join(missing) if missing else ""}')
print('1..1')
sys.exit(1 if missing else 0)
