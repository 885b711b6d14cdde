// SPDX-License-Identifier: Apache-2.0
// tools/reference.mjs - the REST contract as one page to read: HTML and a style sheet, no script.
import { parse } from 'yaml';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escape = (text) => String(text).replace(/[&<>"]/g, (char) => ESCAPES[char]);
const code = (text) => `<code>${escape(text)}</code>`;
const prose = (text) => escape(text ?? '').replace(/`([^`]+)`/g, '<code>$1</code>');
const table = (heads, rows) => `<div class="scroll"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>${rows.map((cells) => `<tr>${cells.map((cell, i) => (i ? `<td>${cell}</td>` : `<th scope="row">${cell}</th>`)).join('')}</tr>\n`).join('')}</tbody></table></div>\n`;

const SCHEMA = '#/components/schemas/';

function limits(schema) {
  const { minimum: low, maximum: high } = schema;
  const said = [];
  if (schema.const !== undefined) said.push(code(schema.const));
  if (schema.enum) said.push(schema.enum.map((value) => code(value)).join(' | '));
  if (low !== undefined || high !== undefined) said.push(code(`${low ?? ''}..${high ?? ''}`));
  if (schema.minLength !== undefined || schema.maxLength !== undefined) said.push(`${schema.minLength ?? 0} to ${schema.maxLength ?? 'any number of'} characters`);
  if (schema.maxItems !== undefined) said.push(`at most ${schema.maxItems}`);
  if (schema.pattern) said.push(code(schema.pattern));
  if (schema.format) said.push(escape(schema.format));
  if (schema.default !== undefined) said.push(`default ${code(schema.default)}`);
  return said.length ? `, ${said.join(', ')}` : '';
}

/** One line that says what a value of this schema is. */
export function describe(schema) {
  if (!schema) return '';
  if (schema.$ref) {
    const name = schema.$ref.replace(SCHEMA, '');
    return `<a href="#${name}">${name}</a>`;
  }
  if (schema.oneOf) return schema.oneOf.map(describe).join(' or ');
  if (schema.allOf) return schema.allOf.map(describe).join(' and ');
  const types = [schema.type ?? 'any'].flat().map((type) => (type === 'array' && schema.items ? `list of ${describe(schema.items)}` : type));
  return types.join(' or ') + limits(schema);
}

function members(schema) {
  const parts = (schema.allOf ?? [schema]).filter((part) => part.properties);
  return parts.map((part) => table(['Member', 'Type', 'Meaning'], Object.entries(part.properties).map(([name, value]) => [
    `${code(name)}${part.required?.includes(name) ? ' <small>required</small>' : ''}`, describe(value),
    prose(value.description) + (value.examples ? ` <small>such as ${value.examples.map(code).join(', ')}</small>` : '')]))).join('');
}

function contents(content) {
  return Object.entries(content ?? {}).map(([type, { schema }]) => `<small>${escape(type)}</small> ${describe(schema)}`).join('<br>');
}

/** The page; styles: the address of its style sheet. */
export function reference(text, styles) {
  const doc = parse(text);
  const find = (part) => (part.$ref ? part.$ref.slice(2).split('/').reduce((at, key) => at[key], doc) : part);
  const operations = Object.entries(doc.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => ({
    path, method, ...item[method], parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(find) })));

  const answers = (responses) => table(['Status', 'Body', 'Meaning'], Object.entries(responses).map(([status, answer]) => {
    const { content, description, headers } = find(answer);
    return [status, contents(content), prose(description) + (headers ? ` <small>with ${Object.keys(headers).map(code).join(', ')}</small>` : '')];
  }));
  const operation = (it) => `<article id="${it.operationId}">
<h3><span class="method ${it.method}">${it.method.toUpperCase()}</span> ${code(it.path)}</h3>
<p><b>${prose(it.summary)}</b> <small>${it.operationId}</small></p>
${it.description ? `<p>${prose(it.description)}</p>` : ''}
${it.parameters.length ? table(['Parameter', 'In', 'Type', 'Meaning'], it.parameters.map((p) => [code(p.name) + (p.required ? ' <small>required</small>' : ''), p.in, describe(p.schema), prose(p.description)])) : ''}
${it.requestBody ? `<p>Body: ${contents(find(it.requestBody).content)}</p>` : ''}
${answers(it.responses)}</article>\n`;
  const tag = ({ name, description }) => `<section aria-labelledby="tag-${name}"><h2 id="tag-${name}">${escape(name)}</h2><p>${prose(description)}</p>
${operations.filter((it) => it.tags.includes(name)).map(operation).join('')}</section>\n`;
  const schema = ([name, value]) => `<article id="${name}"><h3>${name}</h3>
${value.description ? `<p>${prose(value.description)}</p>` : ''}
${value.properties || value.allOf ? members(value) : ''}${value.properties ? '' : `<p>${describe(value)}</p>`}</article>\n`;
  const link = (it) => `<li><a href="#${it.operationId}"><span class="method ${it.method}">${it.method.toUpperCase()}</span> ${escape(it.path.replace('/api/v1', ''))}</a></li>`;

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(doc.info.title)}: REST API</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${styles}">
</head>
<body>
<nav aria-label="Operations">
<p><a href="/">Dashboard</a> <a href="/openapi.json">openapi.json</a></p>
${doc.tags.map(({ name }) => `<h2><a href="#tag-${name}">${escape(name)}</a></h2>\n<ul>${operations.filter((it) => it.tags.includes(name)).map(link).join('\n')}</ul>`).join('\n')}
<h2><a href="#schemas">schemas</a></h2>
</nav>
<main>
<h1>${escape(doc.info.title)}: REST API ${escape(doc.info.version)}</h1>
<p>${prose(doc.info.description)}</p>
${doc.tags.map(tag).join('')}<section aria-labelledby="schemas"><h2 id="schemas">schemas</h2>
${Object.entries(doc.components.schemas).map(schema).join('')}</section>
</main>
</body>
</html>
`;
}
