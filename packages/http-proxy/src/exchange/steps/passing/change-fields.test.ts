import type { CompilePattern } from '@inband/core';
import { expect, test } from 'vitest';
import type { FieldRule, ServiceFieldRules } from '../../../fields/field-rules.ts';
import type { HarnessOptions } from '../../../../test-support/harness.ts';
import { useHarness } from '../../../../test-support/use-harness.ts';

const make = useHarness();

const ROUTE = 'services.test.routes[0]';

function rules(request: readonly FieldRule[], response: readonly FieldRule[] = []): ServiceFieldRules {
  return { service: { request, response }, routes: {} };
}

interface Passed {
  /** The fields that the server got, and the client, without what the proxy always adds. */
  readonly request: readonly string[];
  readonly response: readonly string[];
}

const ALWAYS = /^(?:Host|Via|Date|Content-Length|X-Forwarded-\w+): /;

function fieldsOf(head: string): string[] {
  return head
    .split('\r\n')
    .slice(1)
    .filter((line) => line !== '' && !ALWAYS.test(line));
}

async function pass(
  fieldRules: ServiceFieldRules,
  { request = '', response = '', line = 'GET /a?b HTTP/1.1', status = '200 OK' } = {},
  options: HarnessOptions = {},
): Promise<Passed> {
  const h = await make({ fieldRules, ...options });
  const client = h.client();
  client.send(`${line}\r\nHost: shop.example\r\n${request}\r\n`);
  const server = await h.server();
  const sent = await server.receive('\r\n\r\n');
  server.send(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nDate: then\r\n${response}\r\n`);
  const got = await client.receive('\r\n\r\n');
  return { request: fieldsOf(sent), response: fieldsOf(got) };
}

test('set and remove take what servers may take for the field of a request, too', async () => {
  const changes: FieldRule[] = [
    { kind: 'set', values: { 'x-user': 'ann', x_other: '1' } },
    { kind: 'set', values: { 'x-other': '2' } },
    { kind: 'remove', names: ['x-admin'] },
  ];
  const sent = 'X_User: root\r\nx.user: root\r\nX-Users: all\r\nX_Admin: yes\r\n';
  expect(await pass(rules(changes, changes), { request: sent, response: 'X_User: theirs\r\n' })).toEqual({
    request: ['X-Users: all', 'x-user: ann', 'x_other: 1', 'x-other: 2'],
    response: ['X_User: theirs', 'x-user: ann', 'x_other: 1', 'x-other: 2'],
  });
});

test('set replaces, add leaves what is there, append puts another line behind, remove takes all', async () => {
  const changes: FieldRule[] = [
    { kind: 'set', values: { 'x-set': 'new', 'X-Fresh': 'yes' } },
    { kind: 'add', values: { 'x-there': 'new', 'x-added': 'yes' } },
    { kind: 'append', values: { 'x-there': 'more' } },
    { kind: 'remove', names: ['X-Debug', 'x-none'] },
  ];
  const fields = 'X-Set: one\r\nX-Other: o\r\nx-set: two\r\nX-There: old\r\nx-debug: 1\r\nx-debug: 2\r\n';
  const expected = ['X-Other: o', 'X-There: old', 'x-set: new', 'X-Fresh: yes', 'x-added: yes', 'x-there: more'];
  expect(await pass(rules(changes, changes), { request: fields, response: fields })).toEqual({
    request: expected,
    response: expected,
  });
});

test('rename keeps the values, beside those that have the new name', async () => {
  const changes: FieldRule[] = [{ kind: 'rename', names: { 'X-Old': 'X-New' } }];
  const passed = await pass(rules(changes), { request: 'x-old: 1\r\nX-New: 0\r\nX-Old: 2\r\n' });
  expect(passed.request).toEqual(['X-New: 0', 'X-New: 1', 'X-New: 2']);
});

/** An engine of patterns for tests. The program has one without backtracking. */
const compilePattern: CompilePattern = (source) => ({
  groups: new RegExp(`${source}|`).exec('')?.length ?? 1,
  test: (text) => new RegExp(source).test(text),
  replace(text, replacement) {
    if (text.length > 1_000) throw new RangeError('Too long.');
    if (!new RegExp(source).test(text)) return undefined;
    return text.replaceAll(new RegExp(source, 'g'), (...groups: string[]) => replacement(groups));
  },
});

test('replace changes each match in each value, with groups and variables, and leaves others where they are', async () => {
  const changes: FieldRule[] = [
    {
      kind: 'replace',
      replacements: { Location: { pattern: '^http://web\\.internal(:\\d+)?', with: 'https://{request.host}$$$1$0' } },
    },
    { kind: 'replace', replacements: { 'x-a': { pattern: 'o', with: '' } } },
  ];
  const response = 'Location: http://web.internal:80/\r\nX-A: foo\r\nX-B: b\r\nx-a: bar\r\n';
  const passed = await pass(rules([], changes), { response }, { compilePattern });
  expect(passed.response).toEqual([
    'X-B: b',
    'location: https://shop.example$:80http://web.internal:80/',
    'x-a: f',
    'x-a: bar',
  ]);
  const untouched = await pass(rules([], changes), { response: 'Location: /a\r\nX-A: b\r\n' }, { compilePattern });
  expect(untouched.response).toEqual(['Location: /a', 'X-A: b']);
});

test('a pattern that matches too often refuses the message', async () => {
  const changes: FieldRule[] = [{ kind: 'replace', replacements: { 'x-a': { pattern: 'a', with: 'b' } } }];
  const h = await make({ fieldRules: rules(changes), compilePattern });
  const client = h.client();
  client.send(`GET / HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(2_000)}\r\n\r\n`);
  expect(await client.receive('\r\n\r\n')).toContain('HTTP/1.1 400 ');
  expect(h.dialled).toBe(0);
});

test('each rule sees what those before it have done, those of the service before those of the route', async () => {
  const fieldRules: ServiceFieldRules = {
    service: { request: [{ kind: 'set', values: { a: 'service' } }], response: [] },
    routes: {
      [ROUTE]: {
        request: [
          { kind: 'rename', names: { a: 'b' } },
          { kind: 'set', values: { b: 'route' }, when: { field: { b: 'service' } } },
          { kind: 'set', values: { c: 'never' }, when: { field: { a: true } } },
        ],
        response: [],
      },
    },
  };
  expect((await pass(fieldRules, { request: 'A: client\r\n' })).request).toEqual(['b: route']);
});

test('values have variables, of the server too in answers', async () => {
  const passed = await pass(
    rules(
      [{ kind: 'set', values: { x: '{client.address} {request.method} {request.host}{request.target} "{user}"' } }],
      [{ kind: 'set', values: { y: '{server.address}:{server.port} {route}' } }],
    ),
  );
  expect(passed.request).toEqual(['x: 127.0.0.1 GET shop.example/a?b ""']);
  expect(passed.response).toEqual([`y: 127.0.0.1:8000 ${ROUTE}`]);
});

test.each<[FieldRule['when'], boolean]>([
  [{ method: ['GET', 'PUT'] }, true],
  [{ method: ['PUT'] }, false],
  [{ path: '/a' }, true],
  [{ path: ['/x', '/*a'] }, true],
  [{ path: '*b' }, false],
  [{ field: { 'x-a': 'o*e' } }, true],
  [{ field: { 'x-a': ['t*', 'o*'] } }, true],
  [{ field: { 'x-a': 'o\\*e' } }, false],
  [{ path: '/b' }, false],
  [{ field: { 'X-A': 'one' } }, true],
  [{ field: { 'x-a': 'other' } }, false],
  [{ field: { 'x-a': true, 'x-b': false } }, true],
  [{ field: { 'x-a': false } }, false],
  [{ status: [[400, 499]] }, true],
  [
    {
      status: [
        [200, 299],
        [500, 500],
      ],
    },
    false,
  ],
  [{ method: ['GET'], status: [[200, 200]] }, false],
])('a rule for answers with %j is applied: %s', async (when, isApplied) => {
  const passed = await pass(rules([], [{ kind: 'set', values: { applied: 'yes' }, when }]), {
    response: 'X-A: one\r\n',
    status: '404 Not Found',
  });
  expect(passed.response).toEqual(isApplied ? ['X-A: one', 'applied: yes'] : ['X-A: one']);
});

test('the login of the operator takes the place of one of the client, from a file as it is now', async () => {
  const file = { text: 'Bearer one', closed: 0, close: () => void (file.closed += 1) };
  const fieldRules = rules([{ kind: 'set', values: { authorization: { file: '/run/secrets/api' } } }]);
  const h = await make({ fieldRules, openFieldSource: () => file });
  const client = h.client();
  for (const token of ['one', 'two']) {
    file.text = `Bearer ${token}`;
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic Zm9vOmJhcg==\r\n\r\n');
    const server = await h.server();
    expect(fieldsOf(await server.receive('\r\n\r\n'))).toEqual([`authorization: Bearer ${token}`]);
    server.send('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    expect(await client.receive('\r\n\r\n')).not.toContain(token);
  }
  h.proxy.close();
  expect(file.closed).toBe(1);
});

test('what is added to a request is sent again with it, and not with the next one', async () => {
  const fieldRules = rules([{ kind: 'set', values: { x: 'yes' }, when: { path: '/one' } }]);
  const h = await make({ fieldRules });
  const client = h.client();
  client.send('GET /one HTTP/1.1\r\nHost: h\r\nX: client\r\n\r\n');
  const server = await h.server();
  expect(fieldsOf(await server.receive('\r\n\r\n'))).toEqual(['x: yes']);
  server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await client.receive('\r\n\r\n');
  // The idle connection is closed when the next request comes.
  client.send('GET /one HTTP/1.1\r\nHost: h\r\nX: client\r\n\r\n');
  expect(fieldsOf(await server.receive('\r\n\r\n'))).toEqual(['x: yes']);
  server.connection.destroy();
  const again = await h.server();
  expect(fieldsOf(await again.receive('\r\n\r\n'))).toEqual(['x: yes']);
  again.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await client.receive('\r\n\r\n');
  client.send('GET /two HTTP/1.1\r\nHost: h\r\nX: client\r\n\r\n');
  expect(fieldsOf(await again.receive('\r\n\r\n'))).toEqual(['X: client']);
  again.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await client.receive('\r\n\r\n');
});

test.each([
  ['x-user', 'a\r\nb', 400],
  ['authorization', 'Negotiate abc', 500],
])('the value of %s from a file that became %j refuses the request', async (name, text, status) => {
  const fieldRules = rules([{ kind: 'set', values: { [name]: { file: 'f' } } }]);
  const h = await make({ fieldRules, openFieldSource: () => ({ text, close() {} }) });
  const client = h.client();
  client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await client.ended();
  expect(client.received).toContain(`HTTP/1.1 ${status} `);
  expect(client.received).not.toContain(text);
  expect(h.dialled).toBe(0);
});

test('a login of a connection is not let in by another name', async () => {
  const h = await make({ fieldRules: rules([{ kind: 'rename', names: { 'x-login': 'Authorization' } }]) });
  const ask = async (login: string): Promise<string> => {
    const client = h.client();
    client.send(`GET / HTTP/1.1\r\nHost: h\r\nX-Login: ${login}\r\nConnection: close\r\n\r\n`);
    if (!login.startsWith('Basic')) {
      await client.ended();
      return client.received;
    }
    const server = await h.server();
    const asked = await server.receive('\r\n\r\n');
    server.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    return asked;
  };
  expect(await ask('Negotiate abc')).toMatch(/^HTTP\/1\.1 500 /);
  expect(h.dialled).toBe(0);
  expect(await ask('Basic abc')).toContain('\r\nAuthorization: Basic abc\r\n');
});

test('a file is a secret by the rule that says so, whatever another rule says of it', async () => {
  const opened: (boolean | undefined)[] = [];
  await make({
    fieldRules: rules([
      { kind: 'set', values: { a: { file: 'f', secret: false }, b: { file: 'f' }, c: { file: 'f', secret: true } } },
    ]),
    openFieldSource: ({ secret }) => {
      opened.push(secret);
      return { text: 'x', close() {} };
    },
  });
  expect(opened).toEqual([false, undefined]);
});

const HSTS = { 'strict-transport-security': 'max-age=1' };

test('answers of routes change by rules for answers, those of the route last', async () => {
  const fieldRules: ServiceFieldRules = {
    service: {
      request: [],
      response: [
        { kind: 'set', values: { ...HSTS, 'content-type': 'text/x' } },
        { kind: 'set', values: { never: 'yes' }, when: { status: [[400, 499]] } },
      ],
    },
    routes: { [ROUTE]: { request: [], response: [{ kind: 'rename', names: { 'x-c': 'x-d' } }] } },
  };
  const respond = { status: 200, fields: { 'x-c': '{request.path}' }, body: 'a' };
  const h = await make({ fieldRules, routeAnswers: { [ROUTE]: { kind: 'respond', respond } } });
  const client = h.client();
  client.send('GET /a HTTP/1.1\r\nHost: h\r\n\r\n');
  const got = await client.receive('\r\n\r\na');
  expect(fieldsOf(got.slice(0, -5))).toEqual([
    'strict-transport-security: max-age=1',
    'content-type: text/x',
    'x-d: /a',
  ]);
  expect(got).toContain('\r\nContent-Length: 1\r\n');
});

test('errors of the proxy change by rules that say so, with what was asked for', async () => {
  const fieldRules = rules(
    [],
    [
      { kind: 'set', values: HSTS, always: true },
      { kind: 'remove', names: ['content-security-policy'], always: true },
      { kind: 'set', values: { 'x-asked': '{request.method} {request.host}{request.target}' }, always: true },
      { kind: 'set', values: { 'x-path': 'yes' }, when: { path: '/a', status: [[500, 599]] }, always: true },
      { kind: 'set', values: { 'x-other': 'yes' }, when: { path: '/b' }, always: true },
      { kind: 'set', values: { 'x-answer': 'yes' } },
    ],
  );
  const h = await make({ fieldRules });
  const client = h.client();
  client.send('GET /a?b HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  (await h.server()).connection.destroy();
  const got = await client.receive('}\n');
  expect(got).toMatch(/^HTTP\/1\.1 502 /);
  expect(got).toContain('\r\nstrict-transport-security: max-age=1\r\nx-asked: GET shop.example/a?b\r\nx-path: yes\r\n');
  expect(got).not.toMatch(/x-other|x-answer|content-security-policy/i);
});

test('an error without a request changes by rules that need none', async () => {
  const fieldRules = rules(
    [],
    [
      { kind: 'set', values: HSTS, always: true },
      { kind: 'set', values: { 'x-asked': '{request.method}' }, always: true },
      { kind: 'set', values: { 'x-path': 'yes' }, when: { path: '/' }, always: true },
    ],
  );
  const h = await make({ fieldRules });
  const client = h.client();
  client.send('GET / HTTP/1.1\r\nHost: a b\r\n\r\n');
  await client.ended();
  expect(client.received).toContain('\r\nstrict-transport-security: max-age=1\r\n');
  expect(client.received).not.toMatch(/x-asked|x-path/);
});
