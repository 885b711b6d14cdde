// SPDX-License-Identifier: Apache-2.0
// tools/types.mjs OPENAPI OUT - writes the schemas of the REST contract as TypeScript types, so that a view which reads a
// member that isn't there doesn't compile.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';

const SIMPLE = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

function literal(value) {
  return JSON.stringify(value);
}

function objectType(schema, indent) {
  const { additionalProperties: others } = schema;
  if (!schema.properties) return `Record<string, ${typeof others === 'object' ? typeOf(others, indent) : 'unknown'}>`;
  const required = new Set(schema.required ?? []);
  const inner = indent + '  ';
  const members = Object.entries(schema.properties).map(([name, value]) => {
    const doc = value.description ? `${inner}/** ${value.description} */\n` : '';
    return `${doc}${inner}${name}${required.has(name) ? '' : '?'}: ${typeOf(value, inner)};\n`;
  });
  return `{\n${members.join('')}${indent}}`;
}

/** The TypeScript type of one JSON Schema, in the subset that the contract uses; throws on anything else. */
export function typeOf(schema, indent = '') {
  if (schema.$ref) return schema.$ref.replace('#/components/schemas/', '');
  if (schema.allOf) return schema.allOf.map((part) => typeOf(part, indent)).join(' & ');
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  if (schema.type === 'object') return objectType(schema, indent);
  if (schema.type === 'array') return `Array<${typeOf(schema.items, indent)}>`;
  if (schema.type === undefined) return 'unknown';
  if (SIMPLE[schema.type]) return SIMPLE[schema.type];
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

export function generate(text) {
  const schemas = parse(text).components.schemas;
  const types = Object.entries(schemas).map(([name, schema]) => {
    const doc = schema.description ? `/** ${schema.description} */\n` : '';
    return `${doc}export type ${name} = ${typeOf(schema)};\n`;
  });
  return `// SPDX-License-Identifier: Apache-2.0\n// Made from api/openapi.yaml by web/tools/types.mjs.\n\n${types.join('\n')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [source, target] = process.argv.slice(2);
  writeFileSync(target, generate(readFileSync(source, 'utf8')));
}
