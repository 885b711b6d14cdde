# SPDX-License-Identifier: Apache-2.0
"""tests/lib/openapi.py - holds the API to its contract: reads api/openapi.yaml, checks requests and answers against it.

The reader knows the subset of YAML that the contract keeps to: block maps and lists, one-line {flow} and [flow] values,
quoted and plain scalars, '>-' text.  The validator knows the keywords of JSON Schema that it uses, and refuses others.

    api = openapi.Api(daemon)
    status, headers, body = api('POST', '/subsystems', {'nqn': NQN})

Every request of a test goes through pharos.Discoveryd.http(), which raises when the contract is broken.
"""
import atexit
import functools
import json
import os
import pathlib
import re
import sys
import urllib.parse

CONTRACT = pathlib.Path(__file__).resolve().parents[2] / 'api/openapi.yaml'


# ---- the subset of YAML ----

def scalar(text):
    if text[:1] in '\'"':
        return text[1:-1].replace("''", "'") if text[0] == "'" else json.loads(text)
    if re.fullmatch(r'-?\d+', text):
        return int(text)
    return {'true': True, 'false': False, 'null': None}.get(text, text)


class Flow:
    """One line of {a: b, c: [d, e]}."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def skip(self, what):
        while self.at < len(self.text) and self.text[self.at] in what:
            self.at += 1

    def value(self):
        self.skip(' ')
        if self.text[self.at] == '{':
            return self.collection('}', {})
        if self.text[self.at] == '[':
            return self.collection(']', [])
        return self.word(r"'(?:[^']|'')*'|\"[^\"]*\"|[^,\]}]+")

    def word(self, pattern):
        found = re.compile(pattern).match(self.text, self.at)
        self.at = found.end()
        return scalar(found.group().strip())

    def collection(self, end, into):
        self.at += 1
        while True:
            self.skip(' ,')
            if self.text[self.at] == end:
                self.at += 1
                return into
            if isinstance(into, dict):
                key = self.word(r"'[^']*'|[^:]+")
                self.skip(': ')
                into[str(key)] = self.value()
            else:
                into.append(self.value())


class Block:
    def __init__(self, text):
        lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines()]
        self.lines = [(indent, line) for indent, line in lines if line and not line.startswith('#')]
        self.at = 0

    def node(self, indent):
        """The map or list whose entries stand at indent."""
        into = [] if self.lines[self.at][1].startswith('- ') else {}
        while self.at < len(self.lines) and self.lines[self.at][0] == indent:
            line = self.lines[self.at][1]
            if isinstance(into, list):
                assert line.startswith('- '), line
                if line[2] in '{[' or not re.match(r'[\w$]+:( |$)', line[2:]):
                    self.at += 1
                    into.append(Flow(line[2:]).value())
                else:
                    self.lines[self.at] = (indent + 2, line[2:])
                    into.append(self.node(indent + 2))
                continue
            key, rest = re.fullmatch(r"('[^']*'|[^:]+):(?: (.*))?", line).groups()
            self.at += 1
            into[str(scalar(key)) if key[0] != "'" else key[1:-1]] = self.rest(indent, rest)
        return into

    def rest(self, indent, rest):
        if not rest:
            return self.node(self.lines[self.at][0])
        if rest == '>-':
            text = []
            while self.at < len(self.lines) and self.lines[self.at][0] > indent:
                text.append(self.lines[self.at][1])
                self.at += 1
            return ' '.join(text)
        return Flow(rest).value() if rest[0] in '{[' else scalar(rest)


def load(path=CONTRACT):
    return Block(path.read_text()).node(0)


# ---- the subset of JSON Schema ----

TYPES = {'object': dict, 'array': list, 'string': str, 'integer': int, 'number': (int, float), 'boolean': bool, 'null': type(None)}
FORMATS = {
    'date-time': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z',
    'uuid': r'(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
}
SAID_ONLY = {'description', 'default', 'examples'}


class Broken(AssertionError):
    """The contract is broken."""


class Schema:
    def __init__(self, document):
        self.document = document
        self.partial = False  # with fields= an object has only those

    def resolve(self, node):
        while '$ref' in node:
            target = self.document
            for part in node['$ref'][2:].split('/'):
                target = target[part]
            node = target
        return node

    def check(self, value, schema, where='$'):
        schema = self.resolve(schema)
        for keyword, arg in schema.items():
            if keyword not in SAID_ONLY:
                getattr(self, 'on_' + keyword)(value, arg, schema, where)

    def need(self, fine, where, what):
        if not fine:
            raise Broken(f'{where}: {what}')

    def on_type(self, value, arg, schema, where):
        names = arg if isinstance(arg, list) else [arg]
        kinds = [n for n in names if isinstance(value, TYPES[str(n) if n else 'null']) and not (isinstance(value, bool) and n != 'boolean')]
        self.need(kinds, where, f'{value!r} is not {arg}')

    def on_enum(self, value, arg, schema, where):
        self.need(value in arg, where, f'{value!r} is none of {arg}')

    def on_const(self, value, arg, schema, where):
        self.need(value == arg, where, f'{value!r} is not {arg!r}')

    def on_allOf(self, value, arg, schema, where):
        for part in arg:
            self.check(value, part, where)

    def on_required(self, value, arg, schema, where):
        whole = value is not None and (not self.partial or 'items' in value)
        missing = set(arg) - set(value) if whole else ()
        self.need(not missing, where, f'{missing} missing')

    def on_additionalProperties(self, value, arg, schema, where):
        more = set(value or ()) - set(schema.get('properties', {}))
        self.need(arg or not more, where, f'{more} not in the contract')

    def on_properties(self, value, arg, schema, where):
        for name in value if isinstance(value, dict) else ():
            if name in arg:
                self.check(value[name], arg[name], f'{where}.{name}')

    def on_items(self, value, arg, schema, where):
        for i, item in enumerate(value if isinstance(value, list) else ()):
            self.check(item, arg, f'{where}[{i}]')

    def on_minimum(self, value, arg, schema, where):
        self.need(not isinstance(value, (int, float)) or value >= arg, where, f'{value} < {arg}')

    def on_maximum(self, value, arg, schema, where):
        self.need(not isinstance(value, (int, float)) or value <= arg, where, f'{value} > {arg}')

    def on_pattern(self, value, arg, schema, where):
        self.need(not isinstance(value, str) or re.search(arg, value), where, f'{value!r} does not match {arg}')

    def on_oneOf(self, value, arg, schema, where):
        fits, why = 0, []
        for option in arg:
            try:
                self.check(value, option, where)
                fits += 1
            except Broken as broken:
                why.append(str(broken))
        self.need(fits == 1, where, f'{fits} of {len(arg)} fit: {why}')

    def on_format(self, value, arg, schema, where):
        self.need(value is None or re.fullmatch(FORMATS[arg], value), where, f'{value!r} is no {arg}')


# ---- requests ----

def from_query(text, schema):
    """The value that a parameter's text stands for."""
    if schema.get('type') == 'array':
        return text.split(',')
    if schema.get('type') == 'boolean':
        return {'true': True, 'false': False}.get(text, text)
    if schema.get('type') == 'integer' and re.fullmatch(r'-?\d+', text):
        return int(text)
    if schema.get('type') == 'number' and re.fullmatch(r'-?\d+(\.\d+)?', text):
        return float(text)
    return text


class Contract:
    """Holds requests and answers to the document, and remembers which operations it has seen."""

    def __init__(self):
        self.schema = Schema(load())
        self.paths = self.schema.document['paths']
        self.seen = set()
        self.patterns = [(re.compile(re.sub(r'\\\{\w+\\\}', '[^/]+', re.escape(template))), item) for template, item in self.paths.items()]

    def find(self, method, path):
        """The path's item and the operation of a request; None where the contract has no such path or method."""
        for pattern, item in self.patterns:
            if pattern.fullmatch(path.split('?')[0]):
                return item, item.get('get' if method == 'HEAD' else method.lower())
        return None, None

    def check_request(self, method, path, body, headers):
        """A request that was taken: all of it must be in the contract."""
        item, operation = self.find(method, path)
        known = [self.schema.resolve(p) for p in item.get('parameters', []) + operation.get('parameters', [])]
        query = dict(urllib.parse.parse_qsl(path.partition('?')[2], keep_blank_values=True))
        for parameter in known:
            name = parameter['name']
            given = query.pop(name, None) if parameter['in'] == 'query' else (headers or {}).get(name) if parameter['in'] == 'header' else None
            if given is not None:
                schema = self.schema.resolve(parameter['schema'])
                self.schema.check(from_query(given, schema), schema, f'{method} {path} {name}')
            else:
                self.schema.need(not parameter.get('required') or parameter['in'] == 'path', path, f'{name} is required')
        self.schema.need(not query, path, f'{method} has no parameters {sorted(query)}')
        content = operation.get('requestBody', {}).get('content')
        self.schema.need(content or not body or body == '{}', path, f'{method} has no body')
        if body is not None and content:
            kind = (headers or {}).get('Content-Type', list(content)[0]).split(';')[0]
            self.schema.need(kind in content, path, f'{kind} is not in {list(content)}')
            value = json.loads(body) if isinstance(body, (str, bytes)) else body
            self.schema.check(value, content[kind]['schema'], f'{method} {path} body')

    def check(self, method, path, status, headers, body):
        operation = self.find(method, path)[1]
        if not operation:
            return
        self.seen.add((operation['operationId'], status))
        answer = operation['responses'].get(str(status))
        if not answer:
            self.schema.need(status >= 400, path, f'{method} answers {status}, which the contract does not have')
            answer = operation['responses']['default']
        answer = self.schema.resolve(answer)
        content = answer.get('content')
        if not content or method == 'HEAD':
            self.schema.need(not body, path, f'{status} has a body: {body!r}')
            return
        kind = headers['Content-Type']
        self.schema.need(kind in content, path, f'{status} is {kind}, not {list(content)}')
        self.schema.partial = re.search(r'[?&]fields=', path) is not None and status == 200
        try:
            self.schema.check(body, content[kind]['schema'], f'{method} {path} {status}')
        finally:
            self.schema.partial = False
        tried = isinstance(body, dict) and body.get('dry_run')
        for name in () if tried else answer.get('headers', ()):
            self.schema.need(name in headers, path, f'{status} has no {name}')

    def save(self, folder):
        """For test_the_contract_is_covered, which runs after all others."""
        folder.mkdir(exist_ok=True)
        with open(folder / pathlib.Path(sys.argv[0]).name, 'w') as out:
            out.writelines(f'{name} {status}\n' for name, status in sorted(self.seen))


@functools.cache
def contract():
    """The one of this process."""
    made = Contract()
    build = os.environ.get('PHAROS_BUILDDIR')
    if build:
        atexit.register(made.save, pathlib.Path(build) / 'api-seen')
    return made


class Api:
    """Asks a daemon (pharos.Discoveryd, which holds every request to the contract) below /api/v1."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.schema = contract().schema
        self.paths = contract().paths
        self.check = contract().check
        self.seen = contract().seen

    def __call__(self, method, path, body=None, headers=None):
        return self.daemon.http(method, '/api/v1' + path, body, headers)

    def ok(self, method, path, body=None, headers=None):
        """The body of an answer below 300."""
        status, _, answer = self(method, path, body, headers)
        assert status < 300, (method, path, status, answer)
        return answer

    def problem(self, status, method, path, body=None, headers=None, field=None):
        """The problem of an answer that must be status, about field."""
        got, _, answer = self(method, path, body, headers)
        assert got == status, (method, path, got, answer)
        assert field is None or fault(answer).get('field') == field, (field, answer)
        return answer


def fault(problem):
    """The first of a problem's errors."""
    return problem['errors'][0] if problem['errors'] else {}


def encode(nqn):
    return urllib.parse.quote(nqn, safe='')
