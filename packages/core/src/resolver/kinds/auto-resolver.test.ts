import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeMachine } from '../../../test-support/fake-machine.ts';
import type { Logger } from '../../base/logger.ts';
import { type AutoResolverDeps, chooseResolver, createAutoResolver } from './auto-resolver.ts';
import { encodeQuestion, readAnswer, type DnsQuestion } from '../dns/dns-message.ts';
import type { DnsServerAddress, DnsSockets, DnsTry } from '../dns-sockets.ts';
import type { ResolverSource } from '../resolver.ts';
import { useOwnTimers } from '../../../../../test/support/own-timers.ts';

const RESOLV_CONF = '/etc/resolv.conf';
const HOSTS = '/etc/hosts';
const NSSWITCH = '/etc/nsswitch.conf';

type Said = 'silence' | number | readonly number[];

/** DNS servers without sockets: what they say to one name, of type A; AAAA has no address. */
class PlayedServers implements DnsSockets {
  readonly asked: string[] = [];
  names: Record<string, Said> = {};

  datagram<T>(
    server: DnsServerAddress,
    query: Uint8Array,
    { signal }: DnsTry,
    accept: (bytes: Uint8Array) => T | undefined,
  ): Promise<T> {
    const { name, record } = questionOf(query);
    if (record === 'A') this.asked.push(`${name} of ${server.address}`);
    const said = this.names[name] ?? 3;
    return new Promise((resolve, reject) => {
      if (said !== 'silence') resolve(accept(answer(query, record === 'A' ? said : []))!);
      else if (server.address === '192.0.2.53') reject(Object.assign(new Error('silent'), { code: 'ETIMEOUT' }));
      else signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }

  stream(): Promise<Uint8Array> {
    return Promise.reject(new Error('no TCP here'));
  }
}

function questionOf(query: Uint8Array): Pick<DnsQuestion, 'name' | 'record'> {
  const labels: string[] = [];
  let at = 12;
  for (; query[at] !== 0; at += 1 + query[at]!)
    labels.push(Buffer.from(query).toString('latin1', at + 1, at + 1 + query[at]!));
  return { name: labels.join('.'), record: query[at + 2] === 1 ? 'A' : 'AAAA' };
}

function answer(query: Uint8Array, said: number | readonly number[]): Uint8Array {
  const bytes = Buffer.from(query);
  bytes.writeUInt16BE(0x8180 | (typeof said === 'number' ? said : 0), 2);
  if (typeof said === 'number' || said.length === 0) return bytes;
  bytes.writeUInt16BE(1, 6);
  return Buffer.concat([bytes, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...said])]);
}

test('the played servers are understood', () => {
  const question: DnsQuestion = { id: 7, name: 'x.example', record: 'A' };
  expect(readAnswer(answer(encodeQuestion(question), [127, 0, 0, 9]), question)).toMatchObject({ type: 'addresses' });
});

let machine: FakeMachine;
let servers: PlayedServers;
let systemAsked: string[];
let warnings: unknown[];
let created: ResolverSource | undefined;

useOwnTimers();

beforeEach(() => {
  machine = new FakeMachine({
    [RESOLV_CONF]: 'nameserver 192.0.2.53\nsearch a.example b.example\noptions attempts:1',
    [HOSTS]: '127.0.0.8 listed.example',
    [NSSWITCH]: 'hosts: files dns',
  });
  servers = new PlayedServers();
  systemAsked = [];
  warnings = [];
});

afterEach(() => {
  created?.close?.();
  created = undefined;
});

function auto(): ResolverSource {
  const nothing = (): void => undefined;
  const logger: Logger = { debug: nothing, info: nothing, error: nothing, warn: (fields) => warnings.push(fields) };
  const lookup: AutoResolverDeps['lookup'] = (host) => {
    systemAsked.push(host);
    return Promise.resolve([{ address: '127.0.0.7' }]);
  };
  created = createAutoResolver({ machine, sockets: servers, logger, lookup });
  return created;
}

async function addressOf(resolver: ResolverSource, host: string): Promise<string | undefined> {
  return (await resolver.resolve(host)).addresses[0]?.address;
}

describe('where the machine is plain', () => {
  test('names in /etc/hosts, localhost and names that are never asked for need nobody', async () => {
    const resolver = auto();
    expect(await addressOf(resolver, 'Listed.example')).toBe('127.0.0.8');
    expect(await addressOf(resolver, 'app.localhost')).toBe('127.0.0.1');
    await expect(resolver.resolve('x.onion')).rejects.toMatchObject({ code: 'dns_error' });
    expect(resolver.known?.('listed.example.')).toBeDefined();
    expect(servers.asked).toEqual([]);
  });

  test('a name without a dot is looked up in the domains of the search list, then as it is', async () => {
    const resolver = auto();
    servers.names['host.b.example'] = [127, 0, 0, 9];
    expect(await addressOf(resolver, 'host')).toBe('127.0.0.9');
    await expect(resolver.resolve('nohost')).rejects.toMatchObject({ code: 'dns_error' });
    expect(servers.asked).toEqual([
      'host.a.example of 192.0.2.53',
      'host.b.example of 192.0.2.53',
      'nohost.a.example of 192.0.2.53',
      'nohost.b.example of 192.0.2.53',
      'nohost of 192.0.2.53',
    ]);
  });

  test('a server that fails at one name of the list may know the next; one that is silent ends it', async () => {
    const resolver = auto();
    servers.names = { 'host.a.example': 2, 'host.b.example': [127, 0, 0, 9], 'mute.a.example': 'silence' };
    expect(await addressOf(resolver, 'host')).toBe('127.0.0.9');
    await expect(resolver.resolve('mute')).rejects.toMatchObject({ code: 'dns_timeout' });
    expect(servers.asked.filter((name) => name.startsWith('mute'))).toEqual(['mute.a.example of 192.0.2.53']);
  });

  test('what the name as it is met with counts most', async () => {
    const resolver = auto();
    servers.names = { 'www.example': 2, 'www2.example.a.example': 2 };
    await expect(resolver.resolve('www.example')).rejects.toMatchObject({ code: 'dns_timeout' });
    await expect(resolver.resolve('www2.example')).rejects.toMatchObject({ code: 'dns_error' });
    servers.names = { 'host.a.example': 5 };
    await expect(resolver.resolve('host')).rejects.toMatchObject({ code: 'dns_timeout' });
  });

  test('rotate begins each question with any of the servers', async () => {
    machine.files[RESOLV_CONF] = 'nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions rotate';
    const resolver = auto();
    servers.names = { 'x.example': [127, 0, 0, 9] };
    for (let index = 0; index < 64; index += 1) await addressOf(resolver, 'x.example');
    expect(new Set(servers.asked)).toEqual(new Set(['x.example of 192.0.2.1', 'x.example of 192.0.2.2']));
  });

  test("the machine's own name is left to the module that knows it", async () => {
    machine.files[NSSWITCH] = 'hosts: files dns myhostname';
    const resolver = auto();
    expect(await addressOf(resolver, 'HOST')).toBe('127.0.0.7');
    expect(await addressOf(resolver, '_gateway')).toBe('127.0.0.7');
    expect(systemAsked).toEqual(['HOST', '_gateway']);
    expect(resolver.concurrency).toBeUndefined();
  });

  test('without a resolv.conf this machine is asked', async () => {
    machine.files[RESOLV_CONF] = undefined;
    const resolver = auto();
    servers.names = { 'x.example': [127, 0, 0, 9] };
    expect(await addressOf(resolver, 'x.example')).toBe('127.0.0.9');
    expect(servers.asked).toEqual(['x.example of 127.0.0.1']);
  });

  test('a look-up that is cancelled ends at once', async () => {
    machine.files[RESOLV_CONF] = 'nameserver 192.0.2.1';
    const resolver = auto();
    servers.names = { 'x.example': 'silence' };
    const controller = new AbortController();
    const outcome = resolver.resolve('x.example', controller.signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    controller.abort();
    expect(await outcome).toBeInstanceOf(Error);
  });
});

describe('where it is not', () => {
  test.each<[string, (changed: FakeMachine) => void, string]>([
    ['a module', (changed) => (changed.files[NSSWITCH] = 'hosts: files mdns4_minimal [NOTFOUND=return] dns'), 'mdns4'],
    ['an option', (changed) => (changed.files[RESOLV_CONF] = 'sortlist 192.0.2.0'), 'sortlist'],
    ['a file that cannot be read', (changed) => (changed.files[HOSTS] = new Error('EACCES')), 'EACCES'],
    ['another system', (changed) => (changed.platform = 'darwin'), 'darwin'],
    ['a variable', (changed) => (changed.variables.RES_OPTIONS = 'ndots:2'), 'RES_OPTIONS'],
  ])('the system is asked: %s', async (_name, change, why) => {
    change(machine);
    const resolver = auto();
    expect(chooseResolver(machine)).toMatchObject({ uses: 'system', why: expect.stringContaining(why) });
    expect(await addressOf(resolver, 'x.example')).toBe('127.0.0.7');
    expect(servers.asked).toEqual([]);
    expect(resolver.concurrency).toBe(2);
  });

  test('names in /etc/hosts need no thread', async () => {
    machine.files[NSSWITCH] = 'hosts: files mdns4_minimal [NOTFOUND=return] dns';
    const resolver = auto();
    expect(resolver.known?.('listed.example')).toBeDefined();
    expect(await addressOf(resolver, 'listed.example')).toBe('127.0.0.8');
    expect(systemAsked).toEqual([]);
  });
});

describe('when the files change', () => {
  test('hosts and servers are those of the new ones within a second', async () => {
    const resolver = auto();
    servers.names = { 'x.example': [127, 0, 0, 9] };
    await addressOf(resolver, 'x.example');
    machine.files[HOSTS] = '127.0.0.6 x2.example';
    machine.files[RESOLV_CONF] = 'nameserver 192.0.2.99';
    vi.advanceTimersByTime(1_000);
    expect(await addressOf(resolver, 'x2.example')).toBe('127.0.0.6');
    await addressOf(resolver, 'x.example');
    expect(servers.asked).toEqual(['x.example of 192.0.2.53', 'x.example of 192.0.2.99']);
  });

  test('whoever follows hears of it without asking, once', () => {
    const resolver = auto();
    const changed = vi.fn<() => void>();
    resolver.follow?.(changed);
    vi.advanceTimersByTime(10_000);
    expect(changed).not.toHaveBeenCalled();
    machine.files[HOSTS] = '127.0.0.6 x2.example';
    vi.advanceTimersByTime(10_000);
    expect(changed).toHaveBeenCalledTimes(1);
    expect(warnings).toEqual([]);
  });

  test('while no descriptor is left, what they said before holds, and then what they say', async () => {
    const resolver = auto();
    resolver.follow?.(() => undefined);
    servers.names = { 'x.example': [127, 0, 0, 9] };
    machine.files[HOSTS] = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    vi.advanceTimersByTime(10_000);
    expect(await addressOf(resolver, 'listed.example')).toBe('127.0.0.8');
    expect(await addressOf(resolver, 'x.example')).toBe('127.0.0.9');
    machine.files[HOSTS] = '127.0.0.6 x2.example';
    vi.advanceTimersByTime(2_000);
    expect(await addressOf(resolver, 'x2.example')).toBe('127.0.0.6');
    expect(warnings).toEqual([]);
  });

  test('one that could not be read at the start for lack of descriptors is read later, though it is the same', async () => {
    const hosts = machine.files[HOSTS];
    machine.stampOf = () => 'the same';
    machine.files[HOSTS] = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    const resolver = auto();
    resolver.follow?.(() => undefined);
    machine.files[HOSTS] = hosts;
    vi.advanceTimersByTime(2_000);
    expect(await addressOf(resolver, 'listed.example')).toBe('127.0.0.8');
  });

  test('interfaces that cannot be asked, for lack of descriptors, harm nobody', async () => {
    const resolver = auto();
    resolver.follow?.(() => undefined);
    servers.names = { 'x.example': [127, 0, 0, 9] };
    machine.hasGlobalIpv6 = () => {
      throw new Error('uv_interface_addresses returned Unknown system error 24');
    };
    vi.advanceTimersByTime(20_000);
    expect(await addressOf(resolver, 'x.example')).toBe('127.0.0.9');
  });

  test('the choice is made anew, and said', async () => {
    const resolver = auto();
    resolver.follow?.(() => undefined);
    machine.files[NSSWITCH] = 'hosts: files mdns4_minimal [NOTFOUND=return] dns';
    vi.advanceTimersByTime(2_000);
    expect(await addressOf(resolver, 'x.example')).toBe('127.0.0.7');
    expect(warnings).toEqual([expect.objectContaining({ uses: 'system' })]);
  });
});
