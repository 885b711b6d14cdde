// SPDX-License-Identifier: Apache-2.0
// tools/build.mjs - bundles src/ into dist/: index.html, hashed assets, and a .gz of each that gains by it.  Fails when the bundle
// outgrows its budget, or when something but src/api/ talks to the network.  Beside it, and not counted: openapi.json and docs/api.html.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { reference } from './reference.mjs';

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

/** The REST contract, for programs and for people. */
async function writeReference() {
  const contract = readFileSync(join(top, '../api/openapi.yaml'), 'utf8');
  const { metafile } = await build({ absWorkingDir: top, entryPoints: ['src/reference.css'], outdir: join(dist, 'docs'), entryNames: '[name]-[hash]', bundle: true, minify: true, metafile: true });
  const styles = '/' + relative(dist, join(top, Object.keys(metafile.outputs)[0]));
  writeFileSync(join(dist, 'docs/api.html'), reference(contract, styles));
  writeFileSync(join(dist, 'openapi.json'), JSON.stringify(parse(contract)));
}

/** Level 9 and no time stamp: the same sources give the same bytes. */
function zip(paths) {
  let total = 0;
  for (const path of paths) {
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
const total = zip(filesBelow(dist));
if (total > BUDGET) throw new Error(`the bundle is ${total} bytes gzipped, the budget is ${BUDGET}`);
const counted = new Set(filesBelow(dist));
await writeReference();
zip(filesBelow(dist).filter((path) => !counted.has(path)));
if (process.stdout.isTTY) console.log(`web/dist: ${(total / 1024).toFixed(1)} KiB gzipped`);
