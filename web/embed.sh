#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# web/embed.sh FOLDER - writes every file of a bundle as C to stdout (see web/bundle.h).
set -eu
cd "$1"
LC_ALL=C
export LC_ALL

content_type() {
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.js | *.mjs) echo 'text/javascript; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.svg) echo 'image/svg+xml' ;;
	*.json | *.map) echo 'application/json' ;;
	*.png) echo 'image/png' ;;
	*.ico) echo 'image/x-icon' ;;
	*.woff2) echo 'font/woff2' ;;
	*.txt) echo 'text/plain; charset=utf-8' ;;
	*) echo 'application/octet-stream' ;;
	esac
}

files=$(find . -type f ! -name '.*' | sed 's/^\.//' | sort)
echo '/* Made by web/embed.sh. */'
echo '#include "web/bundle.h"'
n=0
for f in $files; do
	echo "static const unsigned char asset_${n}[] = {"
	od -An -v -tx1 ".$f" | sed -e 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '0 };'
	n=$((n + 1))
done
echo 'const struct web_asset web_assets[] = {'
n=0
for f in $files; do
	etag=$(sha256sum ".$f" | cut -c1-16)
	printf '\t{ "%s", "%s", "\\"%s\\"", asset_%d, sizeof(asset_%d) - 1 },\n' \
		"$f" "$(content_type "$f")" "$etag" "$n" "$n"
	n=$((n + 1))
done
echo '};'
echo "const size_t web_assets_count = $n;"
