#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# schema/embed.sh FILE... - writes the migrations as C to stdout.  Refuses gaps and duplicates in the numbers.
set -eu
echo '/* Made by schema/embed.sh. */'
echo '#include "schema/migrations.h"'
echo 'const struct dsc_migration dsc_migrations[] = {'
want=1
for f in "$@"; do
	base=$(basename "$f" .sql)
	number=$(echo "${base%%_*}" | sed 's/^0*//')
	if [ "$number" != "$want" ]; then
		echo "schema/embed.sh: $f: expected migration number $want" >&2
		exit 1
	fi
	printf '\t{ .version = %s, .name = "%s", .sql =\n' "$number" "${base#*_}"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$f"
	printf '\t},\n'
	want=$((want + 1))
done
echo '	{ 0 },'
echo '};'
echo "const size_t dsc_migrations_count = $((want - 1));"
