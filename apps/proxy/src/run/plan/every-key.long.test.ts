import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeAuthority } from '../../../../../packages/tls/test-support/certificates.ts';
import { byPlace, differences, planFor, refsIn } from '../../../test-support/plans.ts';
import { configJsonSchema } from '../../config/json-schema.ts';
import { isRecord } from '../../config/problem/problem.ts';
import type { Plan } from './planned.ts';

/** Two values of a key that mean different things. */
interface Change {
  /** What is made of the key itself. Whatever refers to that is another thing as well, and nothing else may be. */
  readonly of: readonly string[];
  readonly values: readonly [unknown, unknown];
  /** What else must be there, by path. */
  readonly beside?: Readonly<Record<string, unknown>>;
}

const change = (of: string, one: unknown, other: unknown, beside?: Change['beside']): Change => {
  return { of: of === '' ? [] : of.split(', '), values: [one, other], ...(beside && { beside }) };
};

const CHAINER = 'chainer services.web.routes[0].chainer';
const STICKY = { 'services.web.routes.0.chainer.sticky.cookie': 'srv' };
const ROUTE = 'route services.web.routes[0]';
const PROXY = 'proxy services.web';
const WITHOUT_CHAINER = { 'services.web.routes.0.chainer': undefined };
const INTERCEPTED = { 'services.web.mode': 'transparent', 'listeners.0.transparent': 'redirect' };
const FORWARD = { 'services.web.mode': 'forward' };
const IN_FILE = { 'log.file': 'a' };
const BY_FILE = { 'listeners.0.bind': 'unix:/run/a.sock' };

const PASSING = { proxy: 'tls', routes: [{ chainer: { type: 'directed', remote: 'a.example:443' } }] };
const PROXIED = 'proxy listeners[0].proxyProtocol';
const TRUSTING = { 'services.web.trustedProxies': 'private' };
const TERMINATOR = 'proxy listeners[0].tls';

const tokenHash = (digit: string): string => `sha256:${digit.repeat(64)}`;
const ADMIN = { 'admin.bind': '127.0.0.1:9901' };
const ADMIN_BY_FILE = { 'admin.bind': 'unix:/run/admin.sock' };
const ADMIN_TOKEN = { ...ADMIN, 'admin.tokens.*': { role: 'change', hash: tokenHash('0') } };
const ADMIN_OIDC = { ...ADMIN, 'admin.oidc': { issuer: 'https://id.example', audience: 'inband', roles: {} } };

const CERTIFICATES = 'certificates listeners[0].tls';
const WITH_CERTIFICATE = { 'listeners.0.tls.certificates.0.cert': 'one.pem' };

const ACME = {
  'acme.directory': 'https://ca.example/dir',
  'acme.state': 'acme',
  'acme.hosts': ['a.example'],
};
const ACME_DNS = { ...ACME, plugins: [dnsPlugin('one'), dnsPlugin('other')], 'acme.challenge': { type: 'one' } };
const ACME_EAB = { ...ACME, 'acme.eab': { kid: 'a', hmacKey: 'a' } };
const ACME_ON_DEMAND = { ...ACME, 'acme.onDemand': { allow: ['a.example'] } };

const STORE = { 'store.type': 'redis', 'store.url': 'rediss://a.example' };
const STORE_SERVERS = { 'store.type': 'redis', 'store.servers': ['a.example'] };
const NATS = { 'store.type': 'nats', 'store.url': 'tls://a.example' };

const ONE_SERVER = { type: 'directed', remote: 'a.example:80' };
/** Two chainers with names, both of which are used. */
const NAMED = {
  chainers: { one: ONE_SERVER, other: ONE_SERVER },
  'services.web.routes.0.chainer': 'one',
  'services.web.routes.1.chainer': 'one',
  'services.other.routes.0.chainer.chainer': 'other',
};

/** An entry of the servers of a pool that has no address. */
const FOUND = { 'services.web.routes.0.chainer.servers': [{}] };
const DISCOVERED = {
  plugins: [discoveryPlugin('one'), discoveryPlugin('other')],
  'services.web.routes.0.chainer.servers': [{ type: 'one' }],
};

const FILTER = 'filter services.web.filters[0]';
const FILTERED = { plugins: [filterPlugin('one'), filterPlugin('other')], 'services.web.filters': [{ type: 'one' }] };

const conditions = (prefix: string, of: string): Record<string, Change> => ({
  [`${prefix}.clients`]: change(of, 'private', 'loopback'),
  [`${prefix}.servers`]: change(of, 'private', 'loopback'),
  [`${prefix}.ports`]: change(of, 80, '80-81'),
});

const ofRequests = (prefix: string, of: string, names: readonly string[]): Record<string, Change> => ({
  ...Object.fromEntries(names.map((name) => [`${prefix}.${name}.*`, change(of, true, 'b*')])),
  ...Object.fromEntries(
    [`${prefix}.when`, `${prefix}.when[]`].flatMap((when) => [
      [`${when}.days`, change(of, 'mon', ['mon', 'wed-fri'])] as const,
      [`${when}.time`, change(of, '08:00-09:00', '08:00-10:00')] as const,
      [`${when}.timeZone`, change(of, 'Europe/Berlin', 'Asia/Tokyo', { [placeOf(`${when}.days`)]: 'mon' })] as const,
    ]),
  ),
});

const access = (prefix: string, of = 'policy services.web.access'): Record<string, Change> => ({
  ...conditions(prefix, of),
  [`${prefix}.hosts`]: change(of, 'a.example', 'b.example'),
  [`${prefix}.hosts[].file`]: change(
    `host-list ${prefix.replace('*', 'web').replace('[]', '[0]')}.hosts`,
    'one.hosts',
    'other.hosts',
  ),
  [`${prefix}.methods`]: change(of, 'GET', 'PUT'),
  [`${prefix}.users`]: change(of, 'ann', 'bob'),
  [`${prefix}.groups`]: change(of, 'jobs', 'people'),
  [`${prefix}.certificates`]: change(of, 'any', 'ann.example'),
  [`${prefix}.reason`]: change(of, 'No.', 'Not now.'),
  [`${prefix}.paths`]: change(of, '/a', '/a*b'),
  ...ofRequests(prefix, of, ['fields', 'query', 'cookies']),
});

const nat = (prefix: string, of = 'nat services.web.nat'): Record<string, Change> => ({
  ...conditions(prefix, of),
  [`${prefix}.users`]: change(of, 'ann', 'bob'),
  [`${prefix}.groups`]: change(of, 'jobs', 'people'),
  [`${prefix}.to`]: change(of, '192.0.2.1', '192.0.2.2'),
  [`${prefix}.network`]: change(of, '192.0.2.0/25', '192.0.2.128/25'),
  [`${prefix}.pool`]: change(of, ['192.0.2.1'], ['192.0.2.2']),
});

/** Of the value of a field, at a place. */
const valueKeys = (key: string, place: string, beside: Record<string, unknown> = {}): [string, Change][] => [
  [key, change(PROXY, 'a', 'b', beside)],
  [`${key}.file`, change(PROXY, 'line.txt', 'another.txt', beside)],
  [`${key}.env`, change(PROXY, 'PATH', 'HOME', beside)],
  [`${key}.secret`, change(PROXY, true, false, { ...beside, [`${place}.env`]: 'PATH' })],
  [`${key}.prefix`, change(PROXY, 'a', 'b', { ...beside, [`${place}.env`]: 'PATH' })],
];

/** `at`: the place of the rules. */
const fieldKeys = (prefix: string, at: string): Record<string, Change> =>
  Object.fromEntries(
    ['request', 'response'].flatMap((message) => {
      const rule = `${prefix}.${message}[]`;
      const removing = { [`${at}.${message}.0.remove`]: 'a' };
      return [
        ...['set', 'add', 'append'].flatMap((kind) => valueKeys(`${rule}.${kind}.*`, `${at}.${message}.0.${kind}.*`)),
        [`${rule}.remove`, change(PROXY, 'a', 'b')] as const,
        [`${rule}.rename.*`, change(PROXY, 'a', 'b')] as const,
        [`${rule}.replace.*.pattern`, change(PROXY, 'a', 'b', { [`${at}.${message}.0.replace.*.with`]: 'c' })] as const,
        [`${rule}.replace.*.with`, change(PROXY, 'a', 'b', { [`${at}.${message}.0.replace.*.pattern`]: 'c' })] as const,
        [`${rule}.when.field.*`, change(PROXY, true, 'b', removing)] as const,
        [`${rule}.when.method`, change(PROXY, 'GET', 'PUT', removing)] as const,
        [`${rule}.when.path`, change(PROXY, '/a', '/b', removing)] as const,
        ...(message === 'response' ? [[`${rule}.when.status`, change(PROXY, 200, 404, removing)] as const] : []),
        ...(message === 'response' ? [[`${rule}.always`, change(PROXY, true, false, removing)] as const] : []),
      ];
    }),
  );

/** Of the limits of a service, at a place. */
function limitKeys(prefix: string, place: string): Record<string, Change> {
  const asked = { ...FORWARD, 'services.web.auth': { type: 'basic', users: USERS } };
  const rates = ['', '.perClient', '.perUser'].flatMap((scope) => {
    const beside = { ...asked, [`${place}${scope}.requests.rate`]: '7/s' };
    const hard = { ...asked, [`${place}${scope}.quota.bytes`]: '1GiB/day' };
    return [
      [`${prefix}${scope}.requests`, change(PROXY, '7/s', '8/s', asked)] as const,
      [`${prefix}${scope}.requests.rate`, change(PROXY, '7/s', '7/m', asked)] as const,
      [`${prefix}${scope}.requests.burst`, change(PROXY, 7, 8, beside)] as const,
      [`${prefix}${scope}.bandwidth`, change(PROXY, '1MiB/s', '2MiB/s', asked)] as const,
      [`${prefix}${scope}.bandwidth.in`, change(PROXY, '1MiB/s', '2MiB/s', asked)] as const,
      [`${prefix}${scope}.bandwidth.out`, change(PROXY, '1MiB/s', '2MiB/s', asked)] as const,
      [`${prefix}${scope}.quota`, change(PROXY, '1GiB/day', '2GiB/day', asked)] as const,
      [`${prefix}${scope}.quota.bytes`, change(PROXY, '1GiB/day', '2GiB/day', asked)] as const,
      [`${prefix}${scope}.quota.soft`, change(PROXY, false, true, hard)] as const,
    ];
  });
  const others = ['', '.perClient', '.perUser'].flatMap((scope) => [
    [`${prefix}${scope}.newConnections`, change(PROXY, '7/s', '8/s', asked)] as const,
    [`${prefix}${scope}.newConnections.rate`, change(PROXY, '7/s', '7/m', asked)] as const,
    [
      `${prefix}${scope}.newConnections.burst`,
      change(PROXY, 7, 8, { ...asked, [`${place}${scope}.newConnections.rate`]: '7/s' }),
    ] as const,
    [`${prefix}${scope}.connections`, change(PROXY, 7, 8, asked)] as const,
    [`${prefix}${scope}.tunnels`, change(PROXY, 7, 8, asked)] as const,
  ]);
  const paused = { [`${place}.requests`]: '7/s' };
  return {
    ...Object.fromEntries(rates),
    ...Object.fromEntries(others),
    [`${prefix}.requestsPerConnection`]: change(PROXY, 7, 8),
    [`${prefix}.pause.longest`]: change(PROXY, '1s', '2s', paused),
    [`${prefix}.pause.waiting`]: change(PROXY, 7, 8, paused),
    [`${prefix}.minimumRate`]: change(PROXY, '1KiB/s', '2KiB/s'),
    [`${prefix}.minimumRate.request`]: change(PROXY, '1KiB/s', '2KiB/s'),
    [`${prefix}.minimumRate.response`]: change(PROXY, '1KiB/s', '2KiB/s'),
    [`${prefix}.minimumRate.grace`]: change(PROXY, '5s', '6s', { [`${place}.minimumRate.request`]: '1KiB/s' }),
    [`${prefix}.queued`]: change(PROXY, '1MiB', '2MiB'),
    [`${prefix}.ipv4Prefix`]: change(PROXY, 24, 25),
    [`${prefix}.ipv6Prefix`]: change(PROXY, 48, 56),
  };
}

const RETRIES_TIMEOUTS = { 'services.web.routes.0.chainer.retry.on': ['timeout'] };
const BY_HTTP = { 'services.web.routes.0.chainer.check.type': 'http' };

const SERVER_TLS = `${CHAINER}, server-tls services.web.routes[0].chainer.tls`;

const toServers = (prefix: string): Record<string, Change> => ({
  [prefix]: change(SERVER_TLS, true, { minVersion: '1.3' }),
  [`${prefix}.verify`]: change(SERVER_TLS, true, false),
  [`${prefix}.servername`]: change(SERVER_TLS, 'a.example', 'b.example'),
  [`${prefix}.ca`]: change(SERVER_TLS, 'one.pem', ['other.pem']),
  [`${prefix}.crl`]: change(SERVER_TLS, 'one.crl', ['other.crl']),
  [`${prefix}.cert`]: change(SERVER_TLS, 'one.pem', 'other.pem'),
  [`${prefix}.key`]: change(SERVER_TLS, 'one.pem', 'one.key', {
    'services.web.routes.0.chainer.tls.cert': 'one.pem',
  }),
  [`${prefix}.pin`]: change(SERVER_TLS, [`sha256/${'A'.repeat(43)}=`], [`sha256/${'B'.repeat(43)}=`]),
  [`${prefix}.minVersion`]: change(SERVER_TLS, '1.2', '1.3'),
});

/** The same of another option, and what must be there for it. */
const elsewhere = (keys: Readonly<Record<string, Change>>, beside: Change['beside']): Record<string, Change> =>
  Object.fromEntries(
    Object.entries(keys).map(([key, one]) => {
      const moved = Object.entries(one.beside ?? {}).map(([place, value]) => [
        place.replace('.tls.', '.check.tls.'),
        value,
      ]);
      return [key, { ...one, beside: { ...beside, ...Object.fromEntries(moved) } }];
    }),
  );

const connecting = (type: string): Record<string, Change> => ({
  [`services.*.routes[].chainer(${type}).local`]: change(CHAINER, '192.0.2.1', '192.0.2.2'),
  [`services.*.routes[].chainer(${type}).forgeAddr`]: change(CHAINER, false, true),
  [`services.*.routes[].chainer(${type}).proxyProtocol`]: change(CHAINER, 'v1', 'v2'),
  [`services.*.routes[].chainer(${type}).connectTimeout`]: change(CHAINER, '1s', '2s'),
  ...toServers(`services.*.routes[].chainer(${type}).tls`),
});

const times = (prefix: string, of: string, ...names: readonly string[]): Record<string, Change> =>
  Object.fromEntries(names.map((name) => [`${prefix}.${name}`, change(of, '1s', '2s')]));

/** Of a password, in form. */
const hashOf = (salt: string): string => `$2y$05$${salt.padEnd(53, 'C')}`;
const USERS = { ann: hashOf('ann') };

/** Of one way of authentication at a place. */
function authentication(prefix: string, place: string): Record<string, Change> {
  const beside = { ...FORWARD, [`${place}.type`]: 'basic' };
  const withUsers = { ...beside, [`${place}.users`]: USERS };
  return {
    [`${prefix}.realm`]: change(PROXY, 'one', 'other', withUsers),
    [`${prefix}.users.*`]: change(PROXY, hashOf('one'), hashOf('two'), beside),
    [`${prefix}.file`]: change(PROXY, 'one.htpasswd', 'other.htpasswd', beside),
    [`${prefix}.groups.*`]: change(PROXY, ['ann'], ['bob'], withUsers),
  };
}

/** Of ways with another option for each user. */
function moreWays(at: string): Record<string, Change> {
  const way = (type: string, more: object): Record<string, unknown> => ({
    ...FORWARD,
    ...Object.fromEntries(Object.entries({ type, ...more }).map(([key, value]) => [`${at}.${key}`, value])),
  });
  const address = way('address', { zones: ['private'] });
  const token = way('token', { tokens: { ann: tokenHash('a') } });
  const signed = { keys: { url: 'https://a.example/keys' }, issuer: 'a', audience: 'a' };
  const bearer = way('bearer', signed);
  const digest = way('digest', { users: { ann: tokenHash('a') } });
  const http = way('http', { url: 'http://a.example/' });
  const httpKey = (key: string): string => `services.*.auth[](http).${key}`;
  const bearerKey = (key: string): string => `services.*.auth[](bearer).${key}`;
  return {
    'services.*.auth[](address).zones': change(PROXY, ['private'], ['loopback'], address),
    'services.*.auth[](address).groups.*': change(PROXY, ['private'], ['loopback'], address),
    'services.*.auth[](token).realm': change(PROXY, 'one', 'other', token),
    'services.*.auth[](token).tokens.*': change(PROXY, tokenHash('b'), tokenHash('c'), token),
    'services.*.auth[](token).file': change(PROXY, 'one.tokens', 'other.tokens', way('token', {})),
    'services.*.auth[](token).groups.*': change(PROXY, ['ann'], ['bob'], token),
    [bearerKey('realm')]: change(PROXY, 'one', 'other', bearer),
    [bearerKey('keys.url')]: change(PROXY, 'https://a.example/keys', 'https://b.example/keys', bearer),
    [bearerKey('keys.file')]: change(PROXY, 'one.jwks', 'other.jwks', way('bearer', { ...signed, keys: {} })),
    [bearerKey('issuer')]: change(PROXY, 'a', 'b', bearer),
    [bearerKey('audience')]: change(PROXY, 'a', ['b', 'c'], bearer),
    [bearerKey('algorithms')]: change(PROXY, ['RS256'], ['ES256'], bearer),
    [bearerKey('claims.user')]: change(PROXY, 'sub', 'email', bearer),
    [bearerKey('claims.groups')]: change(PROXY, 'groups', 'roles', bearer),
    [bearerKey('asPassword')]: change(PROXY, true, false, bearer),
    [bearerKey('groups.*')]: change(PROXY, ['ann'], ['bob'], bearer),
    'services.*.auth[](digest).realm': change(PROXY, 'one', 'other', digest),
    'services.*.auth[](digest).algorithms': change(PROXY, ['SHA-256'], ['SHA-256', 'MD5'], digest),
    'services.*.auth[](digest).users.*': change(PROXY, tokenHash('b'), tokenHash('c'), digest),
    'services.*.auth[](digest).file': change(PROXY, 'one.htdigest', 'other.htdigest', way('digest', {})),
    'services.*.auth[](digest).groups.*': change(PROXY, ['ann'], ['bob'], digest),
    [httpKey('url')]: change(PROXY, 'http://a.example', 'http://b.example', way('http', {})),
    [httpKey('fields')]: change(PROXY, ['cookie'], ['accept'], http),
    [httpKey('copy')]: change(PROXY, ['x-user'], ['x-name'], http),
    [httpKey('userField')]: change(PROXY, 'x-user', 'x-name', http),
    [httpKey('groupsField')]: change(PROXY, 'x-groups', 'x-teams', http),
    [httpKey('groups.*')]: change(PROXY, ['ann'], ['bob'], http),
    [httpKey('timeout')]: change(PROXY, '1s', '2s', http),
    [httpKey('concurrency')]: change(PROXY, 1, 2, http),
    [httpKey('cache')]: change(PROXY, '1s', '2s', http),
    [httpKey('failOpen')]: change(PROXY, true, false, http),
  };
}

function ofCertificates(prefix: string, place: string): Record<string, Change> {
  const beside = { ...FORWARD, [`${place}.type`]: 'certificate' };
  return { [`${prefix}.groups.*`]: change(PROXY, ['ann'], ['bob'], beside) };
}

const AS_ANN = { 'services.web.routes.0.chainer.auth.user': 'ann' };

/** Keys of a chainer with a PAC file that is fetched. */
function fetched(keys: Readonly<Record<string, Change>>): Record<string, Change> {
  const at = { 'services.web.routes.0.chainer.url': 'http://a.example/proxy.pac' };
  const entries = Object.entries(keys).map(([key, { of, values, beside }]) => {
    return [key, { of, values, beside: { ...beside, ...at } }] as const;
  });
  return Object.fromEntries(entries);
}

/** The same keys of a chainer with all that a pool has. */
function likePool(type: string, keys: Readonly<Record<string, Change>>): Record<string, Change> {
  const ofPool = Object.entries(keys).filter(
    ([key]) => key.includes('chainer(pool)') && !/\.(?:sticky|minIdle|check\.tls)\b/.test(key),
  );
  return Object.fromEntries(ofPool.map(([key, of]) => [key.replace('chainer(pool)', `chainer(${type})`), of]));
}

/** Whoever adds a key to the schema adds it here: what a configuration that is read again keeps goes by this. */
const OWN_KEYS: Readonly<Record<string, Change>> = {
  'services.*.routes[].chainer(pac).file': change(CHAINER, 'one.pac', 'other.pac'),
  'services.*.routes[].chainer(pac).url': change(CHAINER, 'http://a.example/', 'http://b.example/'),
  ...fetched({
    'services.*.routes[].chainer(pac).refresh': change(CHAINER, '1s', '2s'),
    'services.*.routes[].chainer(pac).auth.user': change(CHAINER, 'ann', 'bob'),
    'services.*.routes[].chainer(pac).auth.password': change(CHAINER, 'one', 'other', AS_ANN),
    'services.*.routes[].chainer(pac).auth.scheme': change(CHAINER, 'basic', 'digest', AS_ANN),
    'services.*.routes[].chainer(pac).auth.passwordFile': change(CHAINER, 'one.txt', 'other.txt', AS_ANN),
    'services.*.routes[].chainer(pac).auth.tokenFile': change(CHAINER, 'one.txt', 'other.txt'),
    'services.*.routes[].chainer(pac).auth.token': change(CHAINER, 'one', 'other'),
    'services.*.routes[].chainer(pac).resolve': change(CHAINER, 'remote', 'local'),
    'services.*.routes[].chainer(pac).stateTimeout': change(CHAINER, '1s', '2s'),
    'services.*.routes[].chainer(pac).local': change(CHAINER, '192.0.2.1', '192.0.2.2'),
    'services.*.routes[].chainer(pac).connectTimeout': change(CHAINER, '1s', '2s'),
    ...toServers('services.*.routes[].chainer(pac).tls'),
  }),
  $schema: change('', 'one.json', 'other.json'),
  workers: change('setting workers', 1, 2),
  workerTimeout: change('setting workerTimeout', '2s', '5s'),
  transport: change('setting transport', 'auto', 'node'),
  'log.level': change('setting log', 'info', 'warn'),
  'log.access': change('setting log', true, false),
  'log.format': change('setting log', 'json', 'text'),
  'log.template': change('setting log', '{client}', '{target}'),
  'log.file': change('setting log', 'a', 'b'),
  'log.syslog.address': change('setting log', 'unix:/dev/log', 'udp://192.0.2.1'),
  'log.syslog.facility': change('setting log', 'daemon', 'local0'),
  'log.syslog.tag': change('setting log', 'a', 'b'),
  'log.sample.accepted': change('setting log', 0.1, 0.2),
  'log.slow': change('setting log', '1s', '2s'),
  'log.rotate.size': change('setting log', '1MiB', '2MiB', IN_FILE),
  'log.rotate.age': change('setting log', '1h', '2h', IN_FILE),
  'log.rotate.keep': change('setting log', 1, 2, { ...IN_FILE, 'log.rotate.size': '1MiB' }),
  'shutdown.grace': change('setting shutdown', '1s', '2s'),
  'shutdown.tunnels': change('setting shutdown', '1s', '2s'),
  'shutdown.listen': change('setting shutdown', 'keep', 'close'),
  'reload.watch': change('setting reload', false, true),
  'reload.maxAge': change('setting reload', '1s', '2s'),
  'acme.directory': change('setting acme', 'https://a.example/dir', 'https://b.example/dir', ACME),
  'acme.email': change('setting acme', 'a@a.example', 'b@a.example', ACME),
  'acme.hosts': change('setting acme', ['a.example'], ['a.example', ['b.example', 'c.example']], ACME),
  'acme.challenge': change('setting acme, proxy services.web, proxy services.other', 'tls-alpn-01', 'http-01', ACME),
  'acme.challenge.type': change('setting acme', 'one', 'other', ACME_DNS),
  'acme.challenge.*': change('setting acme', 1, 2, ACME_DNS),
  'acme.state': change('setting acme', 'one', 'other', ACME),
  'acme.ca': change('setting acme', 'one.pem', 'other.pem', ACME),
  'acme.profile': change('setting acme', 'classic', 'shortlived', ACME),
  'acme.eab.kid': change('setting acme', 'a', 'b', ACME_EAB),
  'acme.eab.hmacKey': change('setting acme', 'a', 'b', ACME_EAB),
  'acme.onDemand.allow': change('setting acme', ['a.example'], ['*.a.example'], ACME),
  'acme.onDemand.perHour': change('setting acme', 1, 2, ACME_ON_DEMAND),
  'admin.bind': change('setting admin', '127.0.0.1:1', '127.0.0.1:2'),
  'admin.mode': change('setting admin', '0600', '0660', ADMIN_BY_FILE),
  'admin.user': change('setting admin', 1, 2, ADMIN_BY_FILE),
  'admin.group': change('setting admin', 1, 2, ADMIN_BY_FILE),
  'admin.anonymous': change('setting admin', 'read', 'operate', ADMIN),
  'admin.tokens.*.role': change('setting admin', 'read', 'operate', ADMIN_TOKEN),
  'admin.tokens.*.hash': change('setting admin', tokenHash('a'), tokenHash('b'), ADMIN_TOKEN),
  'admin.tls.cert': change('setting admin', 'a.pem', 'b.pem', { ...ADMIN, 'admin.tls.key': 'key.pem' }),
  'admin.tls.key': change('setting admin', 'a.pem', 'b.pem', { ...ADMIN, 'admin.tls.cert': 'cert.pem' }),
  'admin.oidc.issuer': change('setting admin', 'https://a.example', 'https://b.example', ADMIN_OIDC),
  'admin.oidc.audience': change('setting admin', 'a', 'b', ADMIN_OIDC),
  'admin.oidc.jwks': change('setting admin', 'https://a.example/keys', 'https://b.example/keys', ADMIN_OIDC),
  'admin.oidc.claim': change('setting admin', 'roles', 'groups', ADMIN_OIDC),
  'admin.oidc.roles.*': change('setting admin', 'read', 'operate', ADMIN_OIDC),
  'admin.hosts': change('setting admin', 'a.example', ['b.example'], ADMIN),
  'metrics.hosts': change('setting metrics', 1, 2),
  'metrics.routes': change('setting metrics', true, false),
  'store.type': change('setting store', 'redis', 'nats', { 'store.servers': ['a.example'] }),
  'store.url': change('setting store', 'redis://a.example', 'rediss://a.example', { 'store.type': 'redis' }),
  'store.servers': change('setting store', ['a.example'], ['b.example'], { 'store.type': 'redis' }),
  'store.master': change('setting store', 'a', 'b', STORE_SERVERS),
  'store.user': change('setting store', 'a', 'b', STORE),
  'store.password': change('setting store', 'a', 'b', STORE),
  'store.password.file': change('setting store', 'line.txt', 'another.txt', STORE),
  'store.token': change('setting store', 'a', 'b', NATS),
  'store.token.file': change('setting store', 'line.txt', 'another.txt', NATS),
  'store.tls': change('setting store', true, false, STORE_SERVERS),
  'store.tls.ca': change('setting store', 'one.pem', 'other.pem', STORE),
  'store.tls.cert': change('setting store', 'one.pem', 'other.pem', STORE),
  'store.tls.key': change('setting store', 'one.pem', 'other.pem', { ...STORE, 'store.tls.cert': 'one.pem' }),
  'store.tls.servername': change('setting store', 'a.example', 'b.example', STORE),
  'store.key': change('setting store', 'a', 'b', STORE),
  'store.deadline': change('setting store', '50ms', '60ms', STORE),
  'store.away': change('setting store', 'open', 'closed', STORE),
  'cluster.name': change('setting cluster', 'a', 'b'),
  'cluster.member': change('setting cluster', 'a', 'b'),
  'cluster.secret.file': change('setting cluster', 'one.pem', 'other.pem'),
  'cluster.state': change('setting cluster', 'a', 'b'),
  'serverPool.idleTimeout': change('setting serverPool', '1s', '2s'),
  'serverPool.maxIdlePerServer': change('setting serverPool', 1, 2),
  'serverPool.maxIdle': change('setting serverPool', 1, 2),
  'limits.connections': change('setting limits', 10, 20),
  'limits.perClient.connections': change('setting limits', 10, 20),
  'limits.partialHeads': change('setting limits', '1MiB', '2MiB'),
  'limits.overloadAfter': change('setting limits', '1s', 'never'),
  // A plugin is part of what it makes, and this one makes nothing here: see plan.test.ts.
  plugins: change('', [], [unusedPlugin()]),

  'tracing.sdk': change('setting tracing', './one.mjs', './other.mjs'),
  'tracing.trust': change('setting tracing', 'private', 'loopback'),
  'tracing.propagate': change('setting tracing', true, false),
  'zones.*': change('zone zones.office', ['192.0.2.0/24'], ['192.0.2.0/25']),
  'zones.*.addresses': change('zone zones.office', ['192.0.2.0/24'], ['192.0.2.0/25']),
  'zones.*.file': change('zone zones.office', 'one.txt', 'other.txt'),
  'zones.*.hosts': change('zone zones.office', ['a.example'], ['b.example']),
  'zones.*.parent': change('zone zones.office', 'private', 'public'),

  'resolver.type': change('resolver resolver', 'auto', 'system'),
  'resolver.cache.maxTtl': change('resolver resolver', '10s', '20s'),
  'resolver.cache.failureTtl': change('resolver resolver', '10s', '20s'),
  'resolver.limits.lookups': change('resolver resolver', 10, 20),
  'resolver.limits.lookupsPerClient': change('resolver resolver', 10, 20),
  'resolver.limits.waiting': change('resolver resolver', 10, 20),
  'resolver.limits.waitingPerClient': change('resolver resolver', 10, 20),
  'resolver.limits.waitTimeout': change('resolver resolver', '1s', '2s'),
  'resolver(dns).servers': change('resolver resolver', ['192.0.2.1'], ['192.0.2.2']),
  'resolver(dns).timeout': change('resolver resolver', '1s', '2s'),
  'resolver(dns).tries': change('resolver resolver', 1, 2),

  'listeners[].bind': change('socket listeners[0]', '127.0.0.1:80', '127.0.0.1:81'),
  'listeners[].transparent': change('socket listeners[0]', 'redirect', 'tproxy', INTERCEPTED),
  'listeners[].mode': change('socket listeners[0]', '0600', '0660', BY_FILE),
  'listeners[].user': change('socket listeners[0]', 1, 2, BY_FILE),
  'listeners[].group': change('socket listeners[0]', 1, 2, BY_FILE),
  'listeners[].accept': change('proxy listeners[0].accept', ['http', 'socks5'], ['socks5'], FORWARD),
  'listeners[].proxyProtocol': change(PROXIED, 'required', 'optional', TRUSTING),
  'listeners[].proxyProtocol.accept': change(PROXIED, 'required', 'optional', TRUSTING),
  'listeners[].proxyProtocol.timeout': change(PROXIED, '1s', '2s', {
    ...TRUSTING,
    'listeners.0.proxyProtocol.accept': 'required',
  }),
  'listeners[].tls.certificates[].cert': change(CERTIFICATES, 'one.pem', 'other.pem', {
    'listeners.0.tls.certificates.0.key': 'one.pem',
  }),
  'listeners[].tls.certificates[].key': change(CERTIFICATES, 'one.pem', 'other.pem', {
    'listeners.0.tls.certificates.0.cert': 'one.pem',
  }),
  'listeners[].tls.certificates[].dir': change(CERTIFICATES, 'one', 'other'),
  'listeners[].tls.defaultCertificate': change(CERTIFICATES, 'a.example', 'b.example', WITH_CERTIFICATE),
  'listeners[].tls.ca': change('trust listeners[0].tls', 'one.pem', 'other.pem', WITH_CERTIFICATE),
  'listeners[].tls.crl': change('trust listeners[0].tls', 'one.crl', 'other.crl', {
    ...WITH_CERTIFICATE,
    'listeners.0.tls.ca': 'one.pem',
  }),
  'listeners[].tls.minVersion': change(TERMINATOR, '1.2', '1.3', WITH_CERTIFICATE),
  'listeners[].tls.ciphers': change(TERMINATOR, 'HIGH', 'HIGH:!SHA', WITH_CERTIFICATE),
  'listeners[].tls.groups': change(TERMINATOR, 'X25519', 'X448', WITH_CERTIFICATE),
  'listeners[].tls.alpn': change(TERMINATOR, ['http/1.1'], ['http/1.1', 'http/1.0'], WITH_CERTIFICATE),
  'listeners[].tls.clientAuth': change(TERMINATOR, 'request', 'require', {
    ...WITH_CERTIFICATE,
    'listeners.0.tls.ca': 'one.pem',
  }),
  'listeners[].tls.match[].names': change(TERMINATOR, 'a.example', 'b.example', {
    ...WITH_CERTIFICATE,
    'listeners.0.tls.match.0.refuse': 'alert',
  }),
  'listeners[].tls.match[].pass': change(TERMINATOR, 'mail', 'post', {
    ...WITH_CERTIFICATE,
    'services.mail': PASSING,
    'services.post': PASSING,
  }),
  'listeners[].tls.match[].terminate': change(`${TERMINATOR}, proxy services.other`, 'web', 'other', WITH_CERTIFICATE),
  'listeners[].tls.match[].refuse': change(TERMINATOR, 'alert', 'reset', WITH_CERTIFICATE),
  'listeners[].tls.handshakeTimeout': change(TERMINATOR, '1s', '2s', WITH_CERTIFICATE),
  'listeners[].service': change('listener listeners[0]', 'web', 'other'),

  'services.*.proxy': change(PROXY, 'http', 'tls', INTERCEPTED),
  'services.*.mode': change(`policy services.web.access, service services.web, ${PROXY}`, 'forward', 'reverse'),
  'services.*.trustedProxies.from': change(PROXY, 'private', 'loopback'),
  'services.*.trustedProxies.fields': change(PROXY, 'forwarded', 'none', {
    'services.web.trustedProxies.from': 'private',
  }),
  'services.*.trustedProxies.hops': change(PROXY, 1, 2, { 'services.web.trustedProxies.from': 'private' }),
  'services.*.auth[].type': change(PROXY, 'one', 'other', {
    ...FORWARD,
    plugins: [authPlugin('one'), authPlugin('other')],
    'services.web.auth': [{}],
  }),
  ...authentication('services.*.auth[](basic)', 'services.web.auth.0'),
  ...ofCertificates('services.*.auth[](certificate)', 'services.web.auth.0'),
  ...moreWays('services.web.auth.0'),
  ...access('services.*.access[].allow'),
  ...access('services.*.access[].deny'),
  ...nat('services.*.nat[].dnat'),
  'services.*.nat[].dnat.embedIn': change('nat services.web.nat', '64:ff9b::/96', '2001:db8::/96'),
  'services.*.nat[].dnat.extractFrom': change('nat services.web.nat', '64:ff9b::/96', '2001:db8::/96'),
  ...nat('services.*.nat[].snat'),

  'services.*.routes[].match.host': change(ROUTE, 'a.example', 'b.example'),
  'services.*.routes[].match.host[].file': change(
    'host-list services.web.routes[0].match.host',
    'one.hosts',
    'other.hosts',
  ),
  'services.*.routes[].match.port': change(ROUTE, 80, 81),
  'services.*.routes[].match.path': change(ROUTE, '/a', '/b'),
  ...ofRequests('services.*.routes[].match', ROUTE, ['field', 'query', 'cookie']),
  'services.*.routes[].match.method': change(ROUTE, 'GET', 'PUT'),
  'services.*.routes[].match.client': change(ROUTE, 'private', 'loopback'),
  'services.*.routes[].match.user': change(ROUTE, 'ann', 'bob'),

  'services.*.routes[].respond.status': change(PROXY, 200, 404, WITHOUT_CHAINER),
  ...Object.fromEntries(
    valueKeys('services.*.routes[].respond.fields.*', 'services.web.routes.0.respond.fields.*', WITHOUT_CHAINER),
  ),
  'services.*.routes[].respond.body': change(PROXY, 'a', 'b', WITHOUT_CHAINER),
  'services.*.routes[].redirect.status': change(PROXY, 301, 302, {
    ...WITHOUT_CHAINER,
    'services.web.routes.0.redirect.location': '/a',
  }),
  'services.*.routes[].redirect.location': change(PROXY, '/a', '/b', WITHOUT_CHAINER),
  'services.*.routes[].rewrite.path': change(PROXY, '/v1/', '/v2/', { 'services.web.routes.0.match.path': '/api/' }),
  'services.*.routes[].rewrite.host': change(PROXY, 'a.example', 'b.example'),
  'services.*.routes[].rewrite.answers': change(PROXY, true, false, {
    'services.web.routes.0.rewrite.host': 'a.example',
  }),
  ...fieldKeys('services.*.fields', 'services.web.fields'),
  'services.*.filters[].type': change(FILTER, 'one', 'other', { ...FILTERED, 'services.web.filters': [{}] }),
  'services.*.filters[].timeout': change(FILTER, '1s', '2s', FILTERED),
  'services.*.filters[].maximumBody': change(FILTER, 1, '1KiB', FILTERED),
  'services.*.filters[].*': change(FILTER, 1, 2, FILTERED),
  ...limitKeys('services.*.limits', 'services.web.limits'),
  ...fieldKeys('services.*.routes[].fields', 'services.web.routes.0.fields'),

  'services.*.routes[].chainer.type': change(CHAINER, 'inband', 'transparent'),
  'services.*.routes[].chainer(directed).remote': change(CHAINER, 'a.example:80', 'a.example:81'),
  'chainers.*': change('chainer chainers.one', ONE_SERVER, { type: 'directed', remote: 'other.example:80' }, NAMED),
  'services.*.routes[].chainer': change(ROUTE, 'one', 'other', NAMED),
  'services.*.routes[].chainer(pool).servers': change(CHAINER, [{ address: 'a.example:80' }], ['b.example:80']),
  'services.*.routes[].chainer(pool).balance': change(CHAINER, 'p2c', 'random'),
  'services.*.routes[].chainer(pool).balance.hash': change(CHAINER, 'client', 'host'),
  'services.*.routes[].chainer(pool).sticky.cookie': change(CHAINER, 'srv', 'server'),
  'services.*.routes[].chainer(pool).sticky.secret': change(
    CHAINER,
    'correct horse battery',
    'another horse battery',
    STICKY,
  ),
  'services.*.routes[].chainer(pool).sticky.secretFile': change(CHAINER, 'one.secret', 'other.secret', STICKY),
  'services.*.routes[].chainer(pool).sticky.sameSite': change(CHAINER, 'lax', 'strict', STICKY),
  'services.*.routes[].chainer(pool).sticky.secure': change(CHAINER, false, true, STICKY),
  'services.*.routes[].chainer(pool).servers[].address': change(CHAINER, 'a.example:80', 'b.example:80'),
  'services.*.routes[].chainer(pool).servers[].srv': change(CHAINER, '_a._tcp.a.example', '_b._tcp.a.example', FOUND),
  'services.*.routes[].chainer(pool).servers[].file': change(CHAINER, 'one.servers', 'other.servers', FOUND),
  'services.*.routes[].chainer(pool).servers[].type': change(CHAINER, 'one', 'other', DISCOVERED),
  'services.*.routes[].chainer(pool).servers[].*': change(CHAINER, 1, 2, DISCOVERED),
  'services.*.routes[].chainer(pool).servers[].weight': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).servers[].backup': change(CHAINER, false, true),
  'services.*.routes[].chainer(pool).servers[].maxConnections': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).eject.consecutive': change(CHAINER, 3, 4),
  'services.*.routes[].chainer(pool).eject.ratio': change(CHAINER, 0.3, 0.4),
  'services.*.routes[].chainer(pool).eject.least': change(CHAINER, 10, 11),
  'services.*.routes[].chainer(pool).eject.failOn': change(CHAINER, [], [503]),
  ...times('services.*.routes[].chainer(pool).eject', CHAINER, 'first', 'longest'),
  'services.*.routes[].chainer(pool).servers[].priority': change(CHAINER, 0, 1),
  'services.*.routes[].chainer(pool).servers[].zone': change(CHAINER, 'here', 'there'),
  'services.*.routes[].chainer(pool).zone': change(CHAINER, 'here', 'there'),
  'services.*.routes[].chainer(pool).slowStart': change(CHAINER, '1s', '2s'),
  'services.*.routes[].chainer(pool).subset': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).subset.size': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).subset.instance': change(CHAINER, 'one', 'other', {
    'services.web.routes.0.chainer.subset.size': 1,
  }),
  'services.*.routes[].chainer(pool).required': change(CHAINER, true, false),
  'services.*.routes[].chainer(pool).minIdle': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).check.type': change(CHAINER, 'tcp', 'http'),
  'services.*.routes[].chainer(pool).check.target': change(CHAINER, 'a.example:443', 'b.example:443', {
    'services.web.routes.0.chainer.check.type': 'connect',
  }),
  'services.*.routes[].chainer(parent).protocol': change(CHAINER, 'http', 'socks5'),
  'services.*.routes[].chainer(parent).auth': change(CHAINER, 'pass', { token: 'one' }),
  'services.*.routes[].chainer(parent).auth.user': change(CHAINER, 'ann', 'bob'),
  'services.*.routes[].chainer(parent).auth.password': change(CHAINER, 'one', 'other', AS_ANN),
  'services.*.routes[].chainer(parent).auth.scheme': change(CHAINER, 'basic', 'digest', AS_ANN),
  'services.*.routes[].chainer(parent).auth.passwordFile': change(CHAINER, 'one.txt', 'other.txt', AS_ANN),
  'services.*.routes[].chainer(parent).auth.tokenFile': change(CHAINER, 'one.txt', 'other.txt'),
  'services.*.routes[].chainer(parent).auth.token': change(CHAINER, 'one', 'other'),
  'services.*.routes[].chainer(parent).resolve': change(CHAINER, 'remote', 'local'),
  'services.*.routes[].chainer(parent).then': change(
    `${CHAINER}.then`,
    { type: 'directed', remote: 'a.example:80' },
    { type: 'directed', remote: 'b.example:80' },
  ),
  'services.*.routes[].chainer(pool).check.path': change(CHAINER, '/one', '/other', BY_HTTP),
  'services.*.routes[].chainer(pool).check.method': change(CHAINER, 'GET', 'HEAD', BY_HTTP),
  'services.*.routes[].chainer(pool).check.host': change(CHAINER, 'one.example', 'other.example', BY_HTTP),
  'services.*.routes[].chainer(pool).check.expect.status': change(CHAINER, 200, 204, BY_HTTP),
  'services.*.routes[].chainer(pool).check.expect.body': change(CHAINER, 'one', 'other', BY_HTTP),
  'services.*.routes[].chainer(pool).check.port': change(CHAINER, 81, 82, BY_HTTP),
  'services.*.routes[].chainer(pool).check.interval': change(CHAINER, '1s', '2s', BY_HTTP),
  'services.*.routes[].chainer(pool).check.timeout': change(CHAINER, '1s', '2s', BY_HTTP),
  'services.*.routes[].chainer(pool).check.fall': change(CHAINER, 3, 4, BY_HTTP),
  'services.*.routes[].chainer(pool).check.rise': change(CHAINER, 2, 3, BY_HTTP),
  'services.*.routes[].chainer(pool).maxConnections': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).hedge': change(CHAINER, 'p90', 'p95'),
  'services.*.routes[].chainer(pool).queue.size': change(CHAINER, 1, 2),
  'services.*.routes[].chainer(pool).queue.timeout': change(CHAINER, '1s', '2s'),
  'services.*.routes[].chainer(pool).retry.on': change(CHAINER, ['connect'], ['connect', 503]),
  'services.*.routes[].chainer(pool).retry.budget': change(CHAINER, '10%', '20%'),
  'services.*.routes[].chainer(pool).retry.perTry': change(CHAINER, '1s', '2s', RETRIES_TIMEOUTS),
  'services.*.routes[].chainer(failover).hosts': change(CHAINER, ['a.example:80'], ['b.example:80']),
  'services.*.routes[].chainer(failover).policy': change(CHAINER, 'rotate', 'sticky'),
  'services.*.routes[].chainer(failover).stateTimeout': change(CHAINER, '1s', '2s'),
  'services.*.routes[].chainer(sidestack).service': change(CHAINER, 'inner', 'other'),
  'services.*.routes[].chainer(sidestack).chainer': change(
    `${CHAINER}.chainer`,
    { type: 'directed', remote: 'a.example:80' },
    { type: 'directed', remote: 'b.example:80' },
  ),
  'services.*.routes[].chainer(environment).local': change(CHAINER, '192.0.2.1', '192.0.2.2'),
  'services.*.routes[].chainer(environment).connectTimeout': change(CHAINER, '1s', '2s'),
  // Its parents speak TLS where the environment of the program says so.
  'services.*.routes[].chainer(environment).tls': change(CHAINER, true, { minVersion: '1.3' }),
  'services.*.routes[].chainer(environment).tls.verify': change(CHAINER, true, false),
  'services.*.routes[].chainer(environment).tls.servername': change(CHAINER, 'a.example', 'b.example'),
  'services.*.routes[].chainer(environment).tls.ca': change(CHAINER, 'one.pem', ['other.pem']),
  'services.*.routes[].chainer(environment).tls.crl': change(CHAINER, 'one.crl', ['other.crl']),
  'services.*.routes[].chainer(environment).tls.cert': change(CHAINER, 'one.pem', 'other.pem'),
  'services.*.routes[].chainer(environment).tls.key': change(CHAINER, 'one.pem', 'one.key', {
    'services.web.routes.0.chainer.tls.cert': 'one.pem',
  }),
  'services.*.routes[].chainer(environment).tls.pin': change(
    CHAINER,
    [`sha256/${'A'.repeat(43)}=`],
    [`sha256/${'B'.repeat(43)}=`],
  ),
  'services.*.routes[].chainer(environment).tls.minVersion': change(CHAINER, '1.2', '1.3'),
  'services.*.routes[].chainer(transparent).forcedPort': change(CHAINER, 80, 81),
  ...connecting('directed'),
  ...connecting('failover'),
  ...connecting('pool'),
  ...elsewhere(toServers('services.*.routes[].chainer(pool).check.tls'), BY_HTTP),
  ...connecting('inband'),
  ...connecting('transparent'),

  'services.*.http.strict': change(PROXY, false, true),
  'services.*.http.via': change(PROXY, 'one', 'other'),
  'services.*.http.forwarded': change(PROXY, 'off', 'rfc7239'),
  'services.*.http.connectPorts': change(PROXY, 'any', [443]),
  'services.*.http.ownPages': change(PROXY, true, false),
  'services.*.http.errorPages.*': change(PROXY, { 403: 'one.html' }, { 403: 'other.html' }),
  'services.*.http.pacDirect': change(PROXY, ['a.example'], ['b.example']),
  'services.*.http.maxRequestLine': change(PROXY, 1000, 2000),
  'services.*.http.maxHeaderBytes': change(PROXY, 1000, 2000),
  'services.*.http.maxHeaderFields': change(PROXY, 10, 20),
  'services.*.http.maxBody': change(PROXY, 10, 20),
  ...times('services.*.http', PROXY, 'headerTimeout', 'firstByteTimeout', 'idleTimeout', 'responseTimeout'),
  ...times('services.*.http', PROXY, 'bodyTimeout', 'halfCloseTimeout', 'tunnelIdleTimeout', 'tunnelHalfCloseTimeout'),
  'services.*.tls.ech': change('proxy services.guard', 'pass', 'refuse'),
  'services.*.tls.allow': change('proxy services.guard', 'a.example', 'b.example'),
  ...times('services.*.tls', 'proxy services.guard', 'helloTimeout', 'tunnelIdleTimeout', 'tunnelHalfCloseTimeout'),
};

const BY_HTTPS = { 'services.web.routes.0.chainer.protocol': 'https' };

const KEYS: Readonly<Record<string, Change>> = {
  ...OWN_KEYS,
  ...likePool('parent', OWN_KEYS),
  ...Object.fromEntries(
    Object.entries(toServers('services.*.routes[].chainer(parent).tls')).map(([key, { of, values, beside }]) => [
      key,
      { of, values, beside: { ...beside, ...BY_HTTPS } },
    ]),
  ),
};

function dnsPlugin(kind: string) {
  return { ...unusedPlugin(), provides: 'acme-dns', kind };
}

function authPlugin(kind: string) {
  return { ...unusedPlugin(), provides: 'auth', kind };
}

function filterPlugin(kind: string) {
  return { ...unusedPlugin(), provides: 'filter', kind };
}

function discoveryPlugin(kind: string) {
  const create = () => ({ servers: () => undefined });
  return { ...unusedPlugin(), provides: 'discovery', kind, create };
}

function unusedPlugin() {
  const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } };
  return { provides: 'chainer', kind: 'unused', schema, create: () => undefined };
}

/** The options without which a chainer does not work. */
const REQUIRED: Readonly<Record<string, object>> = {
  directed: { remote: 'a.example:80' },
  failover: { hosts: ['a.example:80'] },
  pool: { servers: [{ address: 'a.example:80' }] },
  parent: { protocol: 'http', servers: [{ address: 'a.example:80' }] },
  sidestack: { service: 'inner', chainer: { type: 'inband' } },
};

/** A configuration in which there is something of every kind, so that whatever changes without reason is seen. */
function everything(): Record<string, unknown> {
  const directed = { type: 'directed', remote: '198.51.100.1:80' };
  return {
    zones: {
      office: { addresses: ['192.0.2.0/24'] },
      lab: { addresses: ['192.0.2.64/26'], parent: 'office' },
      far: [],
    },
    listeners: [
      { bind: '127.0.0.1:8080', service: 'web' },
      { bind: '127.0.0.1:8081', service: 'other' },
    ],
    services: {
      web: { mode: 'reverse', routes: [{ chainer: directed }, { match: { client: 'lab' }, chainer: directed }] },
      other: {
        mode: 'reverse',
        access: [{ allow: { clients: 'office' } }],
        nat: [{ snat: { to: '192.0.2.9' } }],
        routes: [{ match: { path: '/guarded' }, chainer: { type: 'sidestack', service: 'guard', chainer: directed } }],
      },
      guard: { proxy: 'tls' },
      inner: { mode: 'transparent' },
    },
  };
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-plan-'));
  for (const name of ['one.txt', 'other.txt']) await writeFile(join(folder, name), '203.0.113.0/24\n');
  const authority = makeAuthority();
  const { cert, key } = authority.issue({ names: ['a.example', 'b.example'] });
  for (const name of ['one.hosts', 'other.hosts']) await writeFile(join(folder, name), '.a.example\n');
  for (const name of ['line.txt', 'another.txt']) await writeFile(join(folder, name), 'a\n');
  for (const name of ['one.servers', 'other.servers']) await writeFile(join(folder, name), '203.0.113.1:80\n');
  const pac = 'function FindProxyForURL() { return "DIRECT"; }';
  for (const name of ['one.pac', 'other.pac']) await writeFile(join(folder, name), pac);
  for (const name of ['one.pem', 'other.pem']) await writeFile(join(folder, name), cert + key);
  await writeFile(join(folder, 'one.key'), key);
  for (const name of ['one.crl', 'other.crl']) await writeFile(join(folder, name), authority.crl([]));
  for (const name of ['one', 'other']) await mkdir(join(folder, name));
  for (const name of ['one', 'other']) await writeFile(join(folder, `${name}.secret`), `the secret of ${name} month`);
  for (const name of ['one.htpasswd', 'other.htpasswd']) await writeFile(join(folder, name), `ann:${hashOf(name)}\n`);
  for (const name of ['one.htdigest', 'other.htdigest']) {
    await writeFile(join(folder, name), `ann:inband:${'0'.repeat(64)}\n`);
  }
  for (const name of ['one.tokens', 'other.tokens']) await writeFile(join(folder, name), `ann:${tokenHash('a')}\n`);
  for (const name of ['one.jwks', 'other.jwks']) await writeFile(join(folder, name), '{"keys":[]}\n');
  for (const name of ['one.mjs', 'other.mjs']) await writeFile(join(folder, name), '');
  for (const name of ['one.html', 'other.html']) await writeFile(join(folder, name), `<p>${name}</p>`);
});
afterAll(() => rm(folder, { recursive: true }));

async function planWith(key: string, value: unknown, beside: Change['beside'] = {}): Promise<Plan> {
  const config = everything();
  const [, kind] = /\((\w+)\)/.exec(key) ?? [];
  if (kind !== undefined && key.startsWith('resolver')) set(config, 'resolver', { type: kind });
  else if (kind !== undefined && key.includes('.chainer('))
    set(config, 'services.web.routes.0.chainer', { type: kind, ...structuredClone(REQUIRED[kind]) });
  if (key.endsWith('chainer.type')) set(config, 'services.web.routes.0.chainer', {});
  // What the key may be set within is copied.
  const copy = (more: unknown): unknown => {
    if (Array.isArray(more)) return more.map(copy);
    return isRecord(more) ? { ...more } : more;
  };
  for (const [path, more] of Object.entries(beside)) set(config, path, path === 'plugins' ? more : copy(more));
  set(config, placeOf(key), value);
  return planFor(config, folder);
}

/** `services.*.routes[].chainer(inband).local` → `services.web.routes.0.chainer.local` */
function placeOf(key: string): string {
  const service = key.startsWith('services.*.tls') ? 'guard' : 'web';
  return key
    .replace('services.*', `services.${service}`)
    .replace('zones.*', 'zones.office')
    .replace('chainers.*', 'chainers.one')
    .replace('.errorPages.*', '.errorPages')
    .replaceAll('[]', '.0')
    .replace(/\(\w+\)/, '');
}

function set(config: Record<string, unknown>, path: string, value: unknown): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let at: unknown = config;
  for (const [index, part] of parts.entries()) {
    const isList = /^\d+$/.test(parts[index + 1] ?? last);
    if (!isRecord(at) && !Array.isArray(at)) throw new Error(`There is nothing at ${path}.`);
    if (Reflect.get(at, part) === undefined) Reflect.set(at, part, isList ? [] : {});
    at = Reflect.get(at, part);
  }
  if (!isRecord(at) && !Array.isArray(at)) throw new Error(`There is nothing at ${path}.`);
  Reflect.set(at, last, value);
}

/** `places`, and every one that refers to them, in either plan. */
function withWhatRefersTo(places: readonly string[], plans: readonly Plan[]): string[] {
  const all = new Set(places);
  for (const plan of plans) {
    const hashes = new Set<string>();
    for (const [place, { hash, value }] of byPlace(plan)) {
      if (!all.has(place) && !refsIn(value).some((ref) => hashes.has(ref))) continue;
      all.add(place);
      hashes.add(hash);
    }
  }
  return [...all].toSorted();
}

test.each(Object.entries(KEYS))(
  '%s is part of what is made of it, and of nothing else',
  async (key, { of, values, beside }) => {
    const plans = await Promise.all(values.map((value) => planWith(key, value, beside)));
    const [one, other] = plans;
    if (one === undefined || other === undefined) throw new Error('There are two values.');
    for (const place of of) expect(byPlace(one).has(place)).toBe(true);
    expect(differences(one, other)).toEqual(withWhatRefersTo(of, plans));
  },
);

test('every key of the configuration is in this table, and of every built-in chainer and resolver', () => {
  expect(Object.keys(KEYS).toSorted()).toEqual(keysOfSchema().toSorted());
});

/** The keys of the JSON Schema that hold no others: `services.*.routes[].chainer(directed).remote`. */
function keysOfSchema(): string[] {
  const { $defs: definitions, ...schema } = configJsonSchema();
  const found = new Set<string>();
  const visit = (one: unknown, path: string): void => {
    if (!isRecord(one)) return;
    // A chainer within a chainer has the same options.
    if (one.$ref === '#/$defs/chainer' && path === 'chainers.*') return void found.add(path);
    if (one.$ref === '#/$defs/chainer' && !path.includes('('))
      return visit(Reflect.get(Object(definitions), 'chainer'), path);
    // One alone is as one in a list.
    if (one.$ref === '#/$defs/auth')
      return path.endsWith('[]') ? visit(Reflect.get(Object(definitions), 'auth'), path) : undefined;
    const inner = innerSchemas(one, path);
    if (inner.length === 0) found.add(path.replace(/(\[\])+$/, ''));
    for (const [at, below] of inner) visit(below, at);
  };
  visit(schema, '');
  // What every resolver has is there once; a type of their own tells chainers and resolvers apart.
  const isCommon = (key: string) => /^resolver\(\w+\)\.(cache|limits)\./.test(key) || key.endsWith(').type');
  // Files are joined before anything is planned.
  return [...found].filter((key) => !isCommon(key) && key !== 'resolver.*' && key !== 'include');
}

function innerSchemas(one: Record<string, unknown>, path: string): [string, unknown][] {
  const branches = [one.anyOf, one.oneOf, one.allOf].flatMap((list) =>
    Array.isArray(list) ? (list as unknown[]) : [],
  );
  const properties = isRecord(one.properties) ? Object.entries(one.properties) : [];
  return [
    // `oneOf: [{ required: [allow] }, …]` says nothing of keys.
    ...branches
      .filter((branch) => isRecord(branch) && (branch.type ?? branch.$ref) !== undefined)
      .map((branch): [string, unknown] => [`${path}${kindOf(branch)}`, branch]),
    ...properties.map(([key, inner]): [string, unknown] => [path === '' ? key : `${path}.${key}`, inner]),
    ...(isRecord(one.additionalProperties) ? [[`${path}.*`, one.additionalProperties] as [string, unknown]] : []),
    ...(isRecord(one.items) ? [[`${path}[]`, one.items] as [string, unknown]] : []),
  ];
}

/** `(directed)`, of a schema for that kind only. */
function kindOf(branch: unknown): string {
  const properties = isRecord(branch) && isRecord(branch.properties) ? branch.properties : {};
  return isRecord(properties.type) && typeof properties.type.const === 'string' ? `(${properties.type.const})` : '';
}
