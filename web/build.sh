#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# web/build.sh NPM - makes web/dist from web/, unless it is newer than everything it is made from.  Locked: several build
# folders (and several jobs of one make) share web/.
set -eu
cd "$(dirname "$0")"
exec 9<package.json
flock 9
changed() {
	[ ! -e "$1" ] || [ -n "$(find "$@" ! -name . -newer "$1" -print 2>/dev/null | head -n 1)" ]
}
sources=$(find . -maxdepth 1 -type f ! -name 'Makefile.inc' ! -name 'bundle.*' ! -name '*.sh'; find src public tools -type f 2>/dev/null || true)
# shellcheck disable=SC2086 # our paths hold no spaces
changed dist/.stamp ../api/openapi.yaml $sources || exit 0
if changed node_modules/.stamp package.json package-lock.json; then
	"$1" ci --loglevel error --no-audit --no-fund >&2
	mkdir -p node_modules
	touch node_modules/.stamp
fi
"$1" run --silent build >&2
touch dist/.stamp
