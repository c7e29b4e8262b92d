import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { perForm, runs } from '../../../../test/support/tiers/runs.ts';
import { inetAddr, type SockAddr } from '../base/address.ts';
import { AccessDeniedError } from '../base/errors.ts';
import { accessDenied, AccessPolicy, type AccessQuery, type AccessRule } from './access-policy.ts';
import type { ClientCertificate } from './client-certificate.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { AddressZones } from '../zones/zones.ts';

const zones = new AddressZones({
  dmz: { addresses: ['192.168.0.0/24', 'fd00:1::/48'] },
  web: { addresses: ['192.168.0.128/25'], parent: 'dmz' },
  internet: { addresses: ['0.0.0.0/0', '::/0'] },
});
const addr = (text: string, port = 80): SockAddr => inetAddr(text, port)!;
const unix: SockAddr = { family: 'unix', path: '/run/app.sock' };

function compile(rules: readonly AccessRule[], mode: 'forward' | 'reverse' | 'transparent' = 'forward'): AccessPolicy {
  return AccessPolicy.compile(rules, { mode, zones, path: 'services.browser.access' });
}

/** From this machine to a public server, unless said otherwise. */
function query(more: Partial<AccessQuery> = {}): AccessQuery {
  return {
    client: addr('127.0.0.1'),
    server: addr('8.8.8.8'),
    serverChosenBy: 'client',
    target: { host: 'a.example', port: 80 },
    method: 'GET',
    user: undefined,
    ...more,
  };
}

const certificate: ClientCertificate = {
  identity: 'spiffe://example/job/7',
  names: ['spiffe://example/job/7', 'ann.clients.example', 'ann@example.com', `sha256:${'ab'.repeat(32)}`],
  subject: 'CN=ann',
  notAfter: 0,
};

describe('a condition', () => {
  test.each<[string, Omit<AccessRule, 'action'>, Partial<AccessQuery>, boolean]>([
    ['none', {}, {}, true],
    ['client in a network', { clients: ['127.0.0.0/8'] }, {}, true],
    ['client in another network', { clients: ['127.1.0.0/16', '::1'] }, {}, false],
    ['client in a zone', { clients: ['loopback'] }, {}, true],
    ['client on a unix socket', { clients: ['loopback'] }, { client: unix }, true],
    ['client on a unix socket, a network named', { clients: ['0.0.0.0/0', '::/0'] }, { client: unix }, false],
    ['server in a zone', { servers: ['dmz'] }, { server: addr('192.168.0.5') }, true],
    ["server in a zone's child", { servers: ['dmz'] }, { server: addr('192.168.0.130') }, true],
    ['server in the parent only', { servers: ['web'] }, { server: addr('192.168.0.5') }, false],
    ['server in a built-in zone', { servers: ['public'] }, {}, true],
    ['server, mapped', { servers: ['dmz'] }, { server: addr('::ffff:192.168.0.5') }, true],
    ['server behind NAT64', { servers: ['dmz'] }, { server: addr('64:ff9b::192.168.0.5') }, true],
    ['server behind 6to4, network named', { servers: ['192.168.0.5'] }, { server: addr('2002:c0a8:5::') }, true],
    ['server, network of another family', { servers: ['::/0'] }, {}, false],
    ['host', { hosts: ['b.example', 'A.Example'] }, {}, true],
    ['host with a trailing dot', { hosts: ['a.example'] }, { target: { host: 'a.example.', port: 80 } }, true],
    ['host below a suffix', { hosts: ['*.example'] }, {}, true],
    ['host that is the suffix', { hosts: ['*.a.example'] }, {}, false],
    ['host unknown', { hosts: ['*.example'] }, { target: undefined }, false],
    ['port of the server', { ports: [80] }, { target: { host: 'a', port: 81 } }, true],
    ['port of the target only', { ports: [81] }, { target: { host: 'a', port: 81 } }, false],
    ['port in a range', { ports: ['8000-8099'] }, { server: addr('8.8.8.8', 8099) }, true],
    ['port beyond a range', { ports: ['8000-8099'] }, { server: addr('8.8.8.8', 8100) }, false],
    ['port of the target of a unix socket', { ports: [81] }, { server: unix, target: { host: 'a', port: 81 } }, true],
    ['port unknown', { ports: ['1-65535'] }, { server: unix, target: undefined }, false],
    ['method', { methods: ['GET'] }, {}, true],
    ['method, another', { methods: ['PUT'] }, {}, false],
    ['method unknown', { methods: ['GET'] }, { method: undefined }, false],
    ['method in another case, which some servers fold', { methods: ['GET'] }, { method: 'gEt' }, true],
    [
      "method of one's own, in whatever case the rule and the client have it",
      { methods: ['Foo'] },
      { method: 'fOO' },
      true,
    ],
    ['user', { users: ['ann'] }, { user: 'ann' }, true],
    ['user, another', { users: ['ann'] }, { user: 'bob' }, false],
    ['user unknown', { users: ['ann'] }, {}, false],
    ['any certificate', { certificates: ['any'] }, { certificate }, true],
    ['any certificate, none shown', { certificates: ['any'] }, {}, false],
    ['URI of the certificate', { certificates: ['spiffe://example/job/7'] }, { certificate }, true],
    ['URI below another', { certificates: ['spiffe://example/*'] }, { certificate }, true],
    ['URI beside another', { certificates: ['spiffe://exam/*'] }, { certificate }, false],
    ['URI that the certificate only begins with', { certificates: ['spiffe://example/job'] }, { certificate }, false],
    ['DNS name of the certificate', { certificates: ['ANN.clients.example'] }, { certificate }, true],
    ['DNS name below a suffix', { certificates: ['*.clients.example'] }, { certificate }, true],
    ['suffix that only an e-mail address has', { certificates: ['*.com'] }, { certificate }, false],
    [
      'e-mail address of the certificate',
      { certificates: ['bob@example.com', '*@example.com'] },
      { certificate },
      true,
    ],
    ['e-mail address of another domain', { certificates: ['*@ample.com'] }, { certificate }, false],
    ['fingerprint', { certificates: [`SHA256:${'AB:'.repeat(31)}AB`] }, { certificate }, true],
    ['fingerprint, another', { certificates: [`sha256:${'cd'.repeat(32)}`] }, { certificate }, false],
    ['two, one of which fails', { methods: ['GET'], ports: [81] }, {}, false],
  ])('is met, or not, as it says: %s', (_what, conditions, more, met) => {
    const decision = compile([{ action: 'deny', ...conditions }]).decide(query(more));
    expect(decision.rule === 'services.browser.access[0]').toBe(met);
  });
});

test.each(['', '*', 'a b', 'spiffe://a*', 'sha256:1234', 'ann@*', 'a.*.example'])(
  'what can be no name of a certificate is refused: "%s"',
  (name) => {
    expect(() => compile([{ action: 'allow', certificates: [name] }])).toThrow(/is no name of a certificate/);
  },
);

test('who could be let in only with a certificate is admitted to nothing', () => {
  const policy = compile([{ action: 'allow', certificates: ['any'] }, { action: 'deny' }]);
  expect(policy.admits(addr('127.0.0.1'))).toBe(false);
  expect(policy.decide(query({ certificate })).verdict).toBe('allow');
});

describe('an allow rule', () => {
  test('is for a method in its own case, and for another case that is listed beside it', () => {
    const verdict = (methods: readonly string[]): string =>
      compile([{ action: 'allow', methods }, { action: 'deny' }]).decide(query({ method: 'patch' })).verdict;
    expect([verdict(['PATCH']), verdict(['PATCH', 'patch'])]).toEqual(['deny', 'allow']);
  });

  const metadata = addr('169.254.169.254');

  test('that names servers opens what the default forbids', () => {
    const policy = compile([{ action: 'allow', servers: ['169.254.169.254'] }]);
    expect(policy.decide(query({ server: metadata }))).toMatchObject({
      verdict: 'allow',
      rule: 'services.browser.access[0]',
    });
  });

  test('that names no servers lets a client in but does not open what the default forbids', () => {
    const policy = compile([{ action: 'allow', clients: ['0.0.0.0/0'] }]);
    const client = addr('8.8.4.4');
    expect(policy.decide(query({ client }))).toMatchObject({ verdict: 'allow', rule: 'services.browser.access[0]' });
    expect(policy.decide(query({ client, server: metadata }))).toMatchObject({
      verdict: 'deny',
      code: 'destination_ip_prohibited',
      rule: 'default: link-local and reserved addresses',
    });
    expect(policy.decide(query({ client, server: addr('10.0.0.1') }))).toMatchObject({
      verdict: 'deny',
      rule: 'default: a client never reaches an address more private than its own',
    });
  });

  test('that names no servers allows whatever server the operator chose', () => {
    const policy = compile([{ action: 'allow', clients: ['public'] }]);
    const more = { client: addr('8.8.4.4'), server: addr('10.0.0.1'), serverChosenBy: 'operator' } as const;
    expect(policy.decide(query(more)).verdict).toBe('allow');
  });

  test('is not met by an address that only embeds one of its servers', () => {
    const policy = compile([{ action: 'allow', servers: ['192.168.0.5', 'dmz'] }]);
    const more = { client: addr('8.8.4.4'), server: addr('64:ff9b::192.168.0.5') };
    expect(policy.decide(query(more)).rule).toBe('default: clients of a forward proxy');
  });

  test('for a zone of everything opens nothing that belongs to a smaller built-in zone', () => {
    const policy = compile([{ action: 'allow', servers: ['internet'] }]);
    expect(policy.decide(query({ client: addr('10.0.0.1'), server: addr('127.0.0.1') })).verdict).toBe('deny');
    expect(policy.decide(query({ server: metadata })).verdict).toBe('deny');
    expect(policy.decide(query({ client: addr('8.8.4.4') })).verdict).toBe('allow');
  });
});

describe('a denial', () => {
  test('carries the reason of its rule and where it stands', () => {
    const policy = compile([{ action: 'deny', servers: ['dmz'], reason: 'DMZ is for operators' }]);
    const decision = policy.decide(query({ server: addr('192.168.0.5') }));
    expect(decision).toEqual({
      verdict: 'deny',
      rule: 'services.browser.access[0]',
      reason: 'DMZ is for operators',
      code: 'destination_ip_prohibited',
      setting: 'services.browser.access[0]',
    });
  });

  test('of a request whatever its server is http_request_denied', () => {
    expect(compile([{ action: 'deny', methods: ['GET'] }]).decide(query()).code).toBe('http_request_denied');
  });

  test('by default names the setting that would permit it', () => {
    const decision = compile([]).decide(query({ client: addr('10.0.0.1'), server: addr('127.0.0.1') }));
    expect(decision).toMatchObject({
      verdict: 'deny',
      setting: 'services.browser.access',
      code: 'destination_ip_prohibited',
    });
    expect(decision.reason).toContain('services.browser.access');
  });

  test('becomes an error with the address concerned', () => {
    const decision = compile([{ action: 'deny', servers: ['dmz'] }]).decide(query({ server: addr('192.168.0.5') }));
    const error = accessDenied(decision, addr('192.168.0.5'));
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(error).toMatchObject({
      code: 'destination_ip_prohibited',
      status: 403,
      rule: 'services.browser.access[0]',
      setting: 'services.browser.access[0]',
      address: addr('192.168.0.5'),
    });
    expect(accessDenied(decision).address).toBeUndefined();
  });
});

/** Verdict and rule while the server's address is not known. */
function unresolved(rules: readonly AccessRule[], more: Partial<AccessQuery> = {}): [string, string] {
  const decision = compile(rules).decide(query({ server: undefined, ...more }));
  return [decision.verdict, decision.rule];
}

describe('before the name is resolved', () => {
  const stranger = { client: addr('8.8.4.4') };

  test('a client that is denied by default whatever the server is denied', () => {
    expect(unresolved([], stranger)).toEqual(['deny', 'default: clients of a forward proxy']);
    const denies: AccessRule[] = [{ action: 'deny', servers: ['dmz'] }];
    expect(unresolved(denies, stranger)).toEqual(['deny', 'default: clients of a forward proxy']);
  });

  test('a rule without servers that denies decides', () => {
    expect(unresolved([{ action: 'deny', hosts: ['a.example'] }])).toEqual(['deny', 'services.browser.access[0]']);
    const after: AccessRule[] = [
      { action: 'deny', servers: ['dmz'] },
      { action: 'deny', ports: [80] },
    ];
    expect(unresolved(after)).toEqual(['deny', 'services.browser.access[1]']);
  });

  test('a rule that names servers leaves it open', () => {
    expect(unresolved([{ action: 'allow', servers: ['dmz'] }], stranger)).toEqual([
      'depends',
      'services.browser.access[0]',
    ]);
    const before: AccessRule[] = [{ action: 'allow', servers: ['dmz'] }, { action: 'deny' }];
    expect(unresolved(before)).toEqual(['depends', 'services.browser.access[0]']);
  });

  test('a rule that names servers and is not met otherwise leaves nothing open', () => {
    const rules: AccessRule[] = [{ action: 'allow', servers: ['dmz'], methods: ['PUT'] }];
    expect(unresolved(rules, stranger)[0]).toBe('deny');
  });

  test('the default for servers that the client chose leaves it open', () => {
    expect(unresolved([])).toEqual(['depends', 'default: servers that the client chose']);
    expect(unresolved([{ action: 'allow' }])).toEqual(['depends', 'default: servers that the client chose']);
  });

  test('a server that the operator chose is allowed', () => {
    expect(unresolved([], { serverChosenBy: 'operator' })[0]).toBe('allow');
    expect(unresolved([{ action: 'allow' }], { serverChosenBy: 'operator' })).toEqual([
      'allow',
      'services.browser.access[0]',
    ]);
    expect(unresolved([{ action: 'deny', servers: ['dmz'] }], { serverChosenBy: 'operator' })[0]).toBe('depends');
  });

  test('the port asked for says nothing about a server that the operator chose', () => {
    const rules: AccessRule[] = [{ action: 'deny', ports: [80] }];
    expect(unresolved(rules)[0]).toBe('deny');
    expect(unresolved(rules, { serverChosenBy: 'operator' })[0]).toBe('depends');
  });
});

describe('an error in a rule', () => {
  test.each<[AccessRule, string, RegExp]>([
    [
      { action: 'deny', servers: ['dmzz'] },
      '[1].deny.servers[0]',
      /neither a zone nor an address; the zones are dmz, /,
    ],
    [{ action: 'allow', clients: ['loopback', '10.0.0.1/8'] }, '[1].allow.clients[1]', /bits set beyond/],
    [{ action: 'allow', clients: ['10.0.0.256'] }, '[1].allow.clients[0]', /not an IPv4 or IPv6 address/],
    [{ action: 'deny', hosts: ['*.*.example'] }, '[1].deny.hosts[0]', /whole first label/],
    [{ action: 'deny', ports: [80, 0] }, '[1].deny.ports[1]', /not a port/],
    [{ action: 'deny', ports: ['99-80'] }, '[1].deny.ports[0]', /"99-80" is not a port/],
    [{ action: 'deny', ports: ['1-70000'] }, '[1].deny.ports[0]', /65535/],
    [{ action: 'deny', ports: [8.5] }, '[1].deny.ports[0]', /not a port/],
    [{ action: 'deny', methods: ['get'] }, '[1].deny.methods[0]', /write GET/],
    [{ action: 'deny', users: [] }, '[1].deny.users', /empty list matches nothing/],
  ])('%j: says where and why', (rule, where, message) => {
    const rules: AccessRule[] = [{ action: 'allow' }, rule];
    expect(() => compile(rules)).toThrow(PolicyConfigurationError);
    expect(() => compile(rules)).toThrow(
      expect.objectContaining({ setting: `services.browser.access${where}`, message: expect.stringMatching(message) }),
    );
  });
});

function some<T>(values: readonly T[]): fc.Arbitrary<T[] | undefined> {
  return fc.option(fc.subarray([...values], { minLength: 1 }), { nil: undefined });
}

describe('with many rules', () => {
  const addresses = [
    '127.0.0.1',
    '10.0.0.1',
    '192.168.0.5',
    '192.168.0.130',
    '8.8.8.8',
    '169.254.169.254',
    '::1',
    'fd00:1::1',
  ];
  const terms = ['dmz', 'web', 'loopback', 'private', 'public', '192.168.0.0/16', '8.0.0.0/8', '::/0'];
  const hosts = ['a.example', 'b.example', 'c.b.example'];
  const ruleOf = fc.record<AccessRule>({
    action: fc.constantFrom('allow', 'deny'),
    clients: some(terms),
    servers: some(terms),
    hosts: some([...hosts, '*.example', '*.b.example']),
    ports: some([80, '81-82']),
    methods: some(['GET', 'PUT']),
    users: some(['ann']),
  });
  const addressOf = fc
    .tuple(fc.constantFrom(...addresses), fc.constantFrom(80, 82, 83))
    .map(([text, port]) => addr(text, port));
  const queryOf = fc.record<AccessQuery>({
    client: addressOf,
    server: addressOf,
    serverChosenBy: fc.constantFrom('client', 'operator'),
    target: fc.record({ host: fc.constantFrom(...hosts), port: fc.constantFrom(80, 83) }),
    method: fc.constantFrom('GET', 'PUT', undefined),
    user: fc.constantFrom('ann', 'bob', undefined),
  });

  test('the first rule decides that would be met on its own', () => {
    fc.assert(
      fc.property(
        fc.array(ruleOf, { maxLength: 10 }),
        fc.array(queryOf, { minLength: 1, maxLength: 6 }),
        (rules, asked) => {
          const policy = compile(rules);
          const alone = rules.map((rule) => compile([{ ...rule, action: 'deny' }]));
          for (const one of asked) {
            const first = alone.findIndex((single) => single.decide(one).rule.endsWith('[0]'));
            const decision = policy.decide(one);
            const rule = rules[first];
            if (rule === undefined) expect(decision).toEqual(compile([]).decide(one));
            else if (rule.action === 'deny' || decision.verdict === 'allow')
              expect(decision.rule).toBe(`services.browser.access[${first}]`);
            else
              expect([rule.servers, one.serverChosenBy, decision.code]).toEqual([
                undefined,
                'client',
                'destination_ip_prohibited',
              ]);
          }
        },
      ),
      { numRuns: runs(500) },
    );
  });

  test('what is decided before the name is resolved is what is decided after, whatever the address', () => {
    fc.assert(
      fc.property(fc.array(ruleOf, { maxLength: 6 }), queryOf, (rules, one) => {
        const policy = compile(rules);
        const before = policy.decide({ ...one, server: undefined }).verdict;
        fc.pre(before !== 'depends');
        for (const text of addresses) {
          // The client's server is at the port it asked for; the operator's may be at any.
          const ports = one.serverChosenBy === 'client' ? [one.target!.port] : [80, 82, 83];
          for (const port of ports) expect(policy.decide({ ...one, server: addr(text, port) }).verdict).toBe(before);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('a like query gets the same object, so that deciding makes no garbage', () => {
    const policy = compile([{ action: 'deny', servers: ['dmz'] }]);
    for (const server of ['192.168.0.5', '127.0.0.1', '169.254.169.254', '8.8.8.8']) {
      const one = query({ client: addr('10.0.0.1'), server: addr(server) });
      expect(policy.decide(one)).toBe(policy.decide({ ...one }));
    }
  });

  test('a flood of combinations changes no decision', () => {
    const count = perForm(150, 75);
    const rules = Array.from({ length: count }, (_, index): AccessRule => {
      return { action: 'deny', clients: [`10.0.${index}.0/24`], servers: [`11.0.${index}.0/24`] };
    });
    const policy = compile(rules);
    for (let client = 0; client < count; client++) {
      for (let server = 0; server < count; server++) {
        const one = query({ client: addr(`10.0.${client}.1`), server: addr(`11.0.${server}.1`) });
        if ((policy.decide(one).verdict === 'deny') !== (client === server)) expect.fail(`${client} to ${server}`);
      }
    }
  });
});

test.each<[string, readonly AccessRule[], string, boolean]>([
  ['nobody is denied by a rule', [], '127.0.0.1', true],
  ['a client is public', [], '8.8.8.8', false],
  [
    'a public client is allowed something',
    [{ action: 'allow', clients: ['8.0.0.0/8'], hosts: ['a'] }],
    '8.8.8.8',
    true,
  ],
  ['others are allowed something', [{ action: 'allow', clients: ['9.0.0.0/8'] }], '8.8.8.8', false],
  ['all else is denied', [{ action: 'allow', hosts: ['a.example'] }, { action: 'deny' }], '10.0.0.1', true],
  ['all is denied first', [{ action: 'deny' }, { action: 'allow', hosts: ['a.example'] }], '10.0.0.1', false],
  ['something is denied', [{ action: 'deny', ports: [25] }], '10.0.0.1', true],
  ['only users are allowed', [{ action: 'allow', users: ['ann'] }, { action: 'deny' }], '10.0.0.1', false],
])('a client is admitted to the pages of the proxy or not, where %s', (_what, rules, client, admitted) => {
  expect(compile(rules).admits(addr(client))).toBe(admitted);
});
