// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { generate, typeOf } from './types.mjs';

test('types follow the schema', () => {
  assert.equal(typeOf({ type: 'integer' }), 'number');
  assert.equal(typeOf({ type: ['string', 'null'] }), 'string | null');
  assert.equal(typeOf({ type: ['array', 'null'], items: { type: 'string' } }), 'Array<string> | null');
  assert.equal(typeOf({ type: 'string', enum: ['ram', 'null'] }), '"ram" | "null"');
  assert.equal(typeOf({ $ref: '#/components/schemas/Status' }), 'Status');
  assert.equal(typeOf({ type: 'object', required: ['a'], properties: { a: { type: 'string' }, b: { type: 'boolean' } } }),
    '{\n  a: string;\n  b?: boolean;\n}');
  assert.equal(typeOf({ allOf: [{ $ref: '#/components/schemas/Io' }, { type: 'object', properties: { c: { type: 'null' } } }] }), 'Io & {\n  c?: null;\n}');
});

test('a schema that is not understood is an error, not any', () => {
  assert.throws(() => typeOf({ type: 'frob' }), /no type for/);
});

test('a document becomes exported types', () => {
  assert.match(generate('components: { schemas: { Next: { type: [string, "null"] } } }'), /export type Next = string \| null;/);
});
