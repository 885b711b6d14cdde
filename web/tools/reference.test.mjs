// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'yaml';
import { describe, reference } from './reference.mjs';

const text = readFileSync(new URL('../../api/openapi.yaml', import.meta.url), 'utf8');
const page = reference(text, '/docs/x.css');

test('a schema is one line', () => {
  assert.equal(describe({ type: ['string', 'null'] }), 'string or null');
  assert.equal(describe({ type: 'array', items: { $ref: '#/components/schemas/Host' } }), 'list of <a href="#Host">Host</a>');
  assert.equal(describe({ type: 'integer', minimum: 1, maximum: 9, default: 2 }), 'integer, <code>1..9</code>, default <code>2</code>');
  assert.equal(describe({ enum: ['<a>', 'b'] }), 'any, <code>&lt;a&gt;</code> | <code>b</code>');
});

test('every operation and every schema is there once, and what is linked to is there', () => {
  const doc = parse(text);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
  assert.equal(new Set(ids).size, ids.length, 'ids are unique');
  const operations = Object.values(doc.paths).flatMap((item) => Object.values(item)).map((it) => it.operationId).filter(Boolean);
  for (const name of [...operations, ...Object.keys(doc.components.schemas)]) assert.ok(ids.includes(name), name);
  for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(id), `#${id}`);
});

test('it has neither script nor style of its own', () => {
  assert.doesNotMatch(page, /<script|<style| style=| on\w+=/);
  assert.match(page, /<link rel="stylesheet" href="\/docs\/x.css">/);
});
