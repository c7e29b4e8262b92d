import { expect, test, describe } from 'vitest';
import { z } from 'zod';
import {
  builtinChainers,
  builtinResolvers,
  directedOptions,
  failoverOptions,
  inbandOptions,
  transparentOptions,
} from '../index.ts';
import { dnsResolverOptions } from '../resolvers.ts';
import { stackedOptions } from '../stacked.ts';

function issues(schema: z.ZodType, input: unknown): { path: string; message: string }[] {
  const result = schema.safeParse(input);
  return (result.error?.issues ?? []).map(({ path, message }) => ({ path: path.join('.'), message }));
}

describe('options of the chainers', () => {
  test('defaults are filled in', () => {
    expect(inbandOptions.parse({})).toEqual({ forgeAddr: false, connectTimeout: 10_000 });
    expect(transparentOptions.parse({})).toEqual({ forgeAddr: false, connectTimeout: 10_000, forcedPort: 0 });
    expect(failoverOptions.parse({ hosts: ['a.example:80'] })).toEqual({
      hosts: [{ host: 'a.example', port: 80 }],
      policy: 'rotate',
      stateTimeout: 60_000,
      forgeAddr: false,
      connectTimeout: 10_000,
    });
  });

  test('text becomes addresses and milliseconds', () => {
    expect(directedOptions.parse({ remote: '[::1]:80', local: '[::1]:0', connectTimeout: '500ms' })).toEqual({
      remote: { family: 'inet6', address: '::1', port: 80 },
      local: { family: 'inet6', address: '::1', port: 0 },
      forgeAddr: false,
      connectTimeout: 500,
    });
  });

  test.each([
    ['inband', inbandOptions, {}],
    ['directed', directedOptions, { remote: 'a.example:80' }],
    ['failover', failoverOptions, { hosts: ['a.example:80'] }],
    ['transparent', transparentOptions, {}],
    ['none', stackedOptions, {}],
    ['resolver dns', dnsResolverOptions, {}],
  ] as const)('%s: an unknown key is an error', (_name, schema, input) => {
    expect(issues(schema, input)).toEqual([]);
    expect(issues(schema, { ...input, conectTimeout: 1 })[0]?.message).toContain('conectTimeout');
  });

  test.each([
    ['inband', inbandOptions, {}],
    ['directed', directedOptions, { remote: 'a.example:80' }],
    ['failover', failoverOptions, { hosts: ['a.example:80'] }],
    ['transparent', transparentOptions, {}],
  ] as const)('%s: local and forgeAddr exclude each other', (_name, schema, input) => {
    expect(issues(schema, { ...input, local: '127.0.0.1', forgeAddr: true })).toEqual([
      { path: 'forgeAddr', message: expect.stringContaining('exclude each other') },
    ]);
  });

  test.each([
    ['local', inbandOptions, { local: 'localhost' }, 'local', 'expected an IP address'],
    ['connectTimeout', inbandOptions, { connectTimeout: '10' }, 'connectTimeout', 'expected a duration'],
    ['remote', directedOptions, { remote: 'a.example' }, 'remote', 'expected host:port'],
    ['an entry of hosts', failoverOptions, { hosts: ['a.example:80', 'b'] }, 'hosts.1', 'expected host:port'],
    ['no hosts', failoverOptions, { hosts: [] }, 'hosts', 'needs at least one server'],
    ['policy', failoverOptions, { hosts: ['a:1'], policy: 'random' }, 'policy', 'rotate'],
    ['forcedPort', transparentOptions, { forcedPort: 65_536 }, 'forcedPort', '65535'],
    ['servers', dnsResolverOptions, { servers: ['dns.example'] }, 'servers.0', 'address of a DNS server'],
    ['no servers', dnsResolverOptions, { servers: [] }, 'servers', 'at least one'],
  ] as const)('a bad value is reported where it stands: %s', (_name, schema, input, path, message) => {
    expect(issues(schema, input)).toEqual([{ path, message: expect.stringContaining(message) }]);
  });

  test.each(['192.0.2.1', '192.0.2.1:5353', '2001:db8::1', '[2001:db8::1]:53'])('%s is a DNS server', (server) => {
    expect(issues(dnsResolverOptions, { servers: [server] })).toEqual([]);
  });

  test.each(['192.0.2.1:0', '192.0.2.1:70000', '[192.0.2.1]:53', '[::1]:', ''])('%j is none', (server) => {
    expect(issues(dnsResolverOptions, { servers: [server] })).toHaveLength(1);
  });
});

describe('the plugins', () => {
  test('there is one of each kind, and who chooses the servers is said', () => {
    expect(Object.fromEntries(builtinChainers.map((plugin) => [plugin.kind, plugin.serverChosenBy]))).toEqual({
      inband: 'client',
      directed: 'operator',
      failover: 'operator',
      pool: 'operator',
      parent: 'operator',
      pac: 'operator',
      environment: 'operator',
      transparent: 'client',
      none: 'client',
      sidestack: 'client',
    });
    expect(builtinResolvers.map((plugin) => plugin.kind)).toEqual(['auto', 'system', 'dns']);
  });

  test('every schema makes a JSON Schema in which everything is described', () => {
    for (const plugin of [...builtinChainers, ...builtinResolvers]) {
      if (!(plugin.schema instanceof z.ZodType)) expect.fail(`${plugin.kind} has no zod schema`);
      const schema = z.toJSONSchema(plugin.schema, { io: 'input' });
      expect(schema.description, plugin.kind).toBeTruthy();
      expect(schema.additionalProperties, plugin.kind).toBe(false);
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        expect(property, `${plugin.kind}.${name}`).toHaveProperty('description');
      }
    }
  });

  test('the defaults of the JSON Schema are what one would write', () => {
    const schema = z.toJSONSchema(failoverOptions, { io: 'input' });
    expect(schema.required).toEqual(['hosts']);
    expect(schema.properties).toMatchObject({ connectTimeout: { default: '10s' }, stateTimeout: { default: '60s' } });
  });
});
