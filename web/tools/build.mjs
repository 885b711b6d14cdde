// SPDX-License-Identifier: Apache-2.0
// tools/build.mjs - bundles src/ into dist/: index.html, hashed assets, and a .gz of each that gains by it.  Fails when the bundle
// outgrows its budget, or when something but src/api/ talks to the network.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET = 150 * 1024; // gzip
const top = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(top, 'dist');

function filesBelow(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function checkFetches() {
  for (const path of filesBelow(join(top, 'src'))) {
    if (relative(top, path).startsWith(join('src', 'api'))) continue;
    if (/\b(fetch|XMLHttpRequest|EventSource|WebSocket)\s*\(/.test(readFileSync(path, 'utf8')))
      throw new Error(`${relative(top, path)}: only src/api/ talks to the network`);
  }
}

async function bundle() {
  const result = await build({
    absWorkingDir: top,
    entryPoints: { app: 'src/main.tsx', style: 'src/style.css' },
    outdir: dist,
    entryNames: 'assets/[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2020'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  return Object.keys(result.metafile.outputs).map((path) => relative(dist, join(top, path)));
}

function writePage(outputs) {
  const one = (pattern) => '/' + outputs.find((path) => pattern.test(path));
  const page = readFileSync(join(top, 'src/index.html'), 'utf8')
    .replace('/app.js', one(/app-\w+\.js$/))
    .replace('/style.css', one(/style-\w+\.css$/));
  writeFileSync(join(dist, 'index.html'), page);
  writeFileSync(join(dist, 'favicon.svg'), readFileSync(join(top, 'src/favicon.svg')));
}

/** Level 9 and no time stamp: the same sources give the same bytes. */
function zip() {
  let total = 0;
  for (const path of filesBelow(dist)) {
    const data = readFileSync(path);
    const zipped = gzipSync(data, { level: 9 });
    total += Math.min(zipped.length, data.length);
    if (zipped.length < data.length * 0.9) writeFileSync(path + '.gz', zipped);
  }
  return total;
}

checkFetches();
rmSync(dist, { recursive: true, force: true }); // the stamp goes too, so a build that fails is not taken for done
mkdirSync(dist);
writePage(await bundle());
const total = zip();
if (total > BUDGET) throw new Error(`the bundle is ${total} bytes gzipped, the budget is ${BUDGET}`);
if (process.stdout.isTTY) console.log(`web/dist: ${(total / 1024).toFixed(1)} KiB gzipped`);
