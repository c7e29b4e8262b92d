import type { ConfigInput } from 'inband';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunningProgram } from '../e2e/program.ts';
import { documented } from './documented.ts';
import { NetnsLab } from './lab.ts';

/** One way to intercept, as docs/transparent.md has it. */
export interface Way {
  readonly transparent: 'redirect' | 'tproxy';
  /** Of the page. */
  readonly heading: string;
  /** Of the listener that the rules of the page lead to. */
  readonly port: number;
  /** What sends port 81 to the listener with the forced port, 3131. */
  readonly forcedRules: string;
}

interface Family {
  readonly name: string;
  readonly host: (network: number, host: number) => string;
  readonly at: (network: number, host: number, port: number) => string;
}

const IPV4: Family = {
  name: 'IPv4',
  host: (network, host) => `10.71.${network}.${host}`,
  at: (network, host, port) => `10.71.${network}.${host}:${port}`,
};
const IPV6: Family = {
  name: 'IPv6',
  host: (network, host) => `fd71:${network}::${host}`,
  at: (network, host, port) => `[fd71:${network}::${host}]:${port}`,
};

const SILENT = /^an intercepted connection ended before its client asked for anything/;
const DIRECT = /^closed a connection that was made straight to a transparent listener/;

function configuration({ transparent, port }: Way): ConfigInput {
  const access = [
    { deny: { clients: ['10.71.1.11', 'fd71:1::11'], servers: ['10.71.3.10', 'fd71:3::10'], reason: 'Not for you.' } },
  ];
  return {
    listeners: [
      { bind: `:${port}`, service: 'guard', transparent },
      { bind: ':3131', service: 'forced', transparent },
    ],
    services: {
      guard: { mode: 'transparent', access, routes: [{ chainer: { type: 'transparent' } }] },
      forced: {
        mode: 'transparent',
        http: { firstByteTimeout: '2s' },
        access: [{ allow: { servers: ['private'], ports: [8080] } }, { deny: {} }],
        routes: [
          { match: { host: 'nowhere.example' }, chainer: { type: 'transparent', forcedPort: 7 } },
          { chainer: { type: 'transparent', forcedPort: 8080 } },
        ],
      },
    },
  };
}

/** What holds whichever way connections are intercepted. `more` gets the lab, with the program and the rules in it. */
export function transparentBehaviour(
  way: Way,
  more: (lab: () => NetnsLab, program: () => RunningProgram) => void,
): void {
  let lab: NetnsLab;
  let program: RunningProgram;

  beforeAll(async () => {
    lab = await NetnsLab.create();
    const { gateway, server1, server2 } = lab;
    if (way.transparent === 'tproxy') await gateway.run(['sh', '-e'], documented('transparent.md', way.heading, 'sh'));
    await gateway.nft(documented('transparent.md', way.heading, 'nft'));
    await gateway.nft(way.forcedRules);
    await Promise.all([server1.serve(8080), server2.serve(8080)]);
    program = await lab.inband(configuration(way));
  });
  afterAll(() => lab?.close());

  /** The access line of the request for this path. */
  async function line(path: string): Promise<Readonly<Record<string, unknown>>> {
    for (let count = 1; ; count += 1) {
      const found = (await program.logged('request', count)).find(({ target }) => target === path);
      if (found !== undefined) return found;
    }
  }

  /** The line of a connection to there that asked for nothing. Each service has at most one a second. */
  /** `client`: another one may have been as silent before, on a slow machine. */
  async function silentLine(destination: string, client?: string): Promise<Readonly<Record<string, unknown>>> {
    return vi.waitUntil(
      () => {
        const lines = program.lines.map((text) => JSON.parse(text) as Record<string, unknown>);
        const isMeant = (fields: Record<string, unknown>): boolean =>
          fields.destination === destination && (client === undefined || fields.client === client);
        return lines.find((fields) => SILENT.test(String(fields.msg)) && isMeant(fields));
      },
      { interval: 5, timeout: client === undefined ? 30_000 : 2_000 },
    );
  }

  describe.each([IPV4, IPV6])('over $name', ({ name, at, host }) => {
    const unique = (label: string): string => `/${label}?${name}`;

    test('every client gets to where it was going', async () => {
      const [one, two] = await Promise.all(
        [2, 3].map((network) =>
          lab.client.ask({ to: at(network, 10, 80), host: 'shop.example', path: unique('cart') }),
        ),
      );
      expect(one).toMatchObject({ server: 'server1', local: at(2, 10, 80), url: unique('cart') });
      expect(two).toMatchObject({ server: 'server2', local: at(3, 10, 80) });
      expect(one!.headers).toMatchObject({ host: 'shop.example', via: expect.stringMatching(/^1\.1 inband-\w{6}$/) });
      // By the proxy, not around it.
      expect(one!.peer.startsWith(at(2, 1, 0).slice(0, -1))).toBe(true);
      expect(await line(unique('cart'))).toMatchObject({
        client: expect.stringContaining(host(1, 10)),
        service: 'guard',
        chainer: 'transparent',
        status: 200,
      });
    });

    test.each([
      ['another server', at(3, 10, 80)],
      ['the proxy itself', at(1, 1, way.port)],
      ['loopback', '127.0.0.1'],
    ])('a Host that names %s is passed on, and decides nothing', async (_name, claimed) => {
      const seen = await lab.client.ask({ to: at(2, 10, 80), host: claimed });
      expect(seen).toMatchObject({ server: 'server1', headers: { host: claimed } });
    });

    test('requests of one connection all go where it went', async () => {
      const ask = (claimed: string) => lab.client.ask({ to: at(2, 10, 80), host: claimed, keepAlive: name });
      expect(await ask('one.example')).toMatchObject({ server: 'server1' });
      expect(await ask(at(3, 10, 80))).toMatchObject({ server: 'server1' });
    });

    test('a forced port replaces the port, and leaves the address', async () => {
      const seen = await lab.client.ask({ to: at(3, 10, 81), path: unique('forced') });
      expect(seen).toMatchObject({ server: 'server2', local: at(3, 10, 8080) });
      expect(await line(unique('forced'))).toMatchObject({ service: 'forced', server: at(3, 10, 8080) });
    });

    test('access is evaluated on the final port', async () => {
      // The rule allows 8080 only; nothing listens on 7, so a dial would be a 502.
      const { status } = await lab.client.fetch({ to: at(3, 10, 81), host: 'nowhere.example' });
      expect(status).toBe(403);
    });

    test('access is evaluated on the final address, whatever Host says, and nothing is dialled', async () => {
      const before = (await lab.server2.soFar()).length;
      const denied = await lab.client.fetch({ from: host(1, 11), to: at(3, 10, 80), path: unique('denied') });
      expect(denied).toMatchObject({ status: 403, body: expect.stringContaining('Not for you.') });
      expect(await line(unique('denied'))).toMatchObject({
        server: at(3, 10, 80),
        rule: 'services.guard.access[0]',
        error: 'destination_ip_prohibited',
      });
      expect((await lab.server2.soFar()).slice(before)).toEqual([]);
      const allowed = { from: host(1, 11), to: at(2, 10, 80), host: at(3, 10, 80) };
      expect(await lab.client.ask(allowed)).toMatchObject({ server: 'server1' });
    });

    test('when a server falls, its clients hear of it, and those of the other notice nothing', async () => {
      await lab.server2.stop(80);
      const fallen = await lab.client.fetch({ to: at(3, 10, 80), path: unique('fallen') });
      expect(fallen.status).toBe(502);
      expect(fallen.headers['proxy-status']).toContain('connection_refused');
      expect(await line(unique('fallen'))).toMatchObject({ server: at(3, 10, 80), error: 'connection_refused' });
      expect(await lab.client.ask({ to: at(2, 10, 80) })).toMatchObject({ server: 'server1' });
      await lab.server2.serve(80);
      expect(await lab.client.ask({ to: at(3, 10, 80) })).toMatchObject({ server: 'server2' });
    });

    test('a client that goes away in the middle of a response lets its server go', async () => {
      const wire = await lab.client.open(at(2, 10, 80));
      await wire.sendHead(`GET ${unique('endless')} HTTP/1.1`, 'Host: shop.example');
      await wire.until('xxxx');
      const before = (await lab.server1.soFar()).length;
      await wire.reset();
      await lab.server1.happened(
        (event) => event.type === 'aborted' && lab.server1.heard.indexOf(event) >= before,
        'aborted response',
      );
      expect(await line(unique('endless'))).toMatchObject({ aborted: true, server: at(2, 10, 80) });
      expect(await lab.client.ask({ to: at(2, 10, 80) })).toMatchObject({ server: 'server1' });
    });

    test('a client that waits for its server to speak first is closed, and the log says where it was going', async () => {
      const wire = await lab.client.open(at(2, 10, 81));
      expect(await wire.ended()).toBe('');
      await wire.finish();
      expect(await silentLine(at(2, 10, 81))).toMatchObject({ level: 'info', service: 'forced', closedBy: 'proxy' });
    });

    test('so it does of one that gives up by itself', async () => {
      const silent = await vi.waitFor(
        async () => {
          const wire = await lab.client.open(at(3, 10, 80));
          await wire.finish();
          expect(await wire.ended()).toBe('');
          return silentLine(at(3, 10, 80), wire.local);
        },
        // There is no line where the service had one of another client less than a second ago.
        { interval: 1_100, timeout: 30_000 },
      );
      expect(silent).toMatchObject({ service: 'guard', closedBy: 'client' });
    });

    test('the rule that protects the port keeps direct connections away from the program', async () => {
      await expect(lab.client.fetch({ to: at(1, 1, way.port) })).rejects.toThrow('ECONNREFUSED');
      await expect(lab.client.fetch({ to: at(2, 1, way.port) })).rejects.toThrow('ECONNREFUSED');
    });

    test('what is for the gateway itself is not intercepted', async () => {
      await lab.gateway.serve(80);
      expect(await lab.client.ask({ to: at(1, 1, 80) })).toMatchObject({ server: 'gateway' });
      await lab.gateway.stop(80);
    });

    describe('without the rule that protects the port', () => {
      beforeAll(() => lab.gateway.nft('flush chain inet inband input'));
      afterAll(async () => {
        await lab.gateway.nft('delete table inet inband');
        await lab.gateway.nft(documented('transparent.md', way.heading, 'nft'));
      });

      test.each([
        ['the address that it came to', 1],
        ['another address of the gateway', 2],
      ])('a direct connection to %s is reset at once', async (_name, network) => {
        await expect(lab.client.endOf(at(network, 1, way.port))).resolves.toBe('ECONNRESET');
        expect(await lab.client.ask({ to: at(2, 10, 80) })).toMatchObject({ server: 'server1' });
      });

      test('so is one to an address that the gateway got after the start', async () => {
        const [address, network] = [host(1, 77), name === 'IPv4' ? '24' : '64'];
        await lab.gateway.ip(`addr add ${address}/${network} dev clients`);
        await expect(lab.client.endOf(at(1, 77, way.port))).resolves.toBe('ECONNRESET');
        await lab.gateway.ip(`addr del ${address}/${network} dev clients`);
      });

      test('so is one to an address whose cable is unplugged', async () => {
        // Node does not list it, the kernel delivers to it.
        await lab.gateway.ip(
          [
            'link add unplugged type veth peer name cable',
            `addr add ${host(9, 1)}/${name === 'IPv4' ? '24' : '64'} dev unplugged`,
            'link set unplugged up',
          ].join('\n'),
        );
        await expect(lab.client.endOf(at(9, 1, way.port))).resolves.toBe('ECONNRESET');
        await lab.gateway.ip('link del unplugged');
      });

      test('so is one on a machine that may bind to foreign addresses', async () => {
        const setting = `net.${name.toLowerCase()}.ip_nonlocal_bind`;
        await lab.gateway.sysctl(setting, '1');
        await expect(lab.client.endOf(at(2, 1, way.port))).resolves.toBe('ECONNRESET');
        await lab.gateway.sysctl(setting, '0');
      });

      test('so is one from the gateway', async () => {
        await expect(lab.gateway.endOf(at(1, 1, way.port))).resolves.toBe('ECONNRESET');
      });
    });
  });

  test('direct connections were logged, with who made them and what to do', () => {
    const lines = program.lines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .filter(({ msg }) => DIRECT.test(String(msg)));
    expect(lines[0]).toMatchObject({ level: 'warn', service: 'guard', msg: expect.stringContaining('packet filter') });
    expect(String(lines[0]!.client)).toMatch(/^10\.71\.1\.10:\d+$/);
    expect(lines[0]!.local).toBe(`10.71.1.1:${way.port}`);
  });

  describe('inband check', () => {
    const check = (within: readonly string[] = []) =>
      lab.inbandOnce(documented('transparent.md', way.heading, 'yaml'), ['check'], within);

    test('finds nothing missing where the configuration, the rules and the routes of the page are', async () => {
      expect(await check()).toEqual({ status: 0, stdout: expect.stringContaining('ok'), stderr: '' });
    });

    test('warns of a privilege that is needed and missing, and says nothing of rules that it may not see', async () => {
      await lab.gateway.nft('delete table inet inband');
      const { status, stderr } = await check(['setpriv', '--bounding-set=-net_admin,-net_raw', '--']);
      await lab.gateway.nft(documented('transparent.md', way.heading, 'nft'));
      expect(status).toBe(0);
      expect(stderr).toMatch(way.transparent === 'tproxy' ? /^[^\n]*lacks CAP_NET_ADMIN[^\n]*\n$/ : /^$/);
    });

    test('warns of rules that are missing, with their place, and does not fail', async () => {
      await lab.gateway.nft('delete table inet inband');
      const { status, stderr } = await check();
      await lab.gateway.nft(documented('transparent.md', way.heading, 'nft'));
      expect(status).toBe(0);
      const lines = stderr.trim().split('\n');
      expect(lines).toHaveLength(2);
      for (const text of lines) expect(text).toMatch(/inband\.yaml:2:\d+: listeners\[0\]\.transparent: warning: no /);
      expect(lines[0]).toContain(`IPv4 and IPv6 connections to port ${way.port}`);
      expect(lines[1]).toContain(`direct IPv4 and IPv6 connections away from port ${way.port}`);
    });
  });

  describe('with several workers', () => {
    test('each knows where its clients were going, and none serves a direct connection', async () => {
      const config = configuration(way);
      program.kill('SIGTERM');
      await program.ended;
      program = await lab.inband({ ...config, workers: 2 });
      const asked = Array.from({ length: 16 }, (_, index) => {
        const family = index % 2 === 0 ? IPV4 : IPV6;
        return lab.client.ask({ to: family.at(index % 4 < 2 ? 2 : 3, 10, 80), host: 'shop.example' });
      });
      const seen = (await Promise.all(asked)).map(({ server }) => server);
      expect(seen).toEqual(Array.from({ length: 16 }, (_, index) => (index % 4 < 2 ? 'server1' : 'server2')));
      const workers = new Set((await program.logged('request', 16)).map(({ pid }) => pid));
      expect(workers.size).toBe(2);
      await lab.gateway.nft('flush chain inet inband input');
      for (let count = 0; count < 4; count += 1)
        expect(await lab.client.endOf(IPV4.at(1, 1, way.port))).toBe('ECONNRESET');
    });
  });

  more(
    () => lab,
    () => program,
  );

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(program?.lines.slice(-20).join('\n'));
  });
}
