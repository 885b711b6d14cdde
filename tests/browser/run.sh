#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh views|rest - the tests of the dashboard in a real browser, in two parts that may run at a time; prints TAP.  Needs chromium,
# node and npm.
part=$1
views='./hosts.test.mjs ./snapshots.test.mjs ./subsystems.test.mjs ./workers.test.mjs ./zones.test.mjs'
cd "$(dirname "$0")" || exit 1
for tool in node npm python3; do
	command -v $tool >/dev/null || { echo "SKIP: $tool is missing" && exit 77; }
done
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { echo "SKIP: chromium is missing" && exit 77; }
(
	flock 9
	if [ -z "$(find node_modules/.stamp -newer package-lock.json 2>/dev/null)" ]; then
		npm ci --silent --no-audit --no-fund && touch node_modules/.stamp
	fi
) 9<package.json || { echo "SKIP: npm cannot get playwright-core and axe-core" && exit 77; }
set --
for file in ./*.test.mjs; do
	case " $views " in
	*" $file "*) ;;
	*) set -- "$@" "$file" ;;
	esac
done
if [ "$part" = views ]; then
	# shellcheck disable=SC2086 # names without spaces
	set -- $views
fi
exec node --test --test-reporter=tap ${DASHBOARD_TESTS:+--test-name-pattern="$DASHBOARD_TESTS"} "$@"
