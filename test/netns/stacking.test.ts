import type { ConfigInput } from 'inband';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningProgram } from '../e2e/program.ts';
import { clientHello } from '../support/client-hello.ts';
import { describeRequiring } from '../support/requires.ts';
import { LAB_NEEDS, NetnsLab } from './lab.ts';

const config: ConfigInput = {
  listeners: [{ bind: ':3128', service: 'browsers' }],
  services: {
    browsers: {
      mode: 'forward',
      routes: [
        {
          match: { method: 'CONNECT', port: 80 },
          chainer: { type: 'sidestack', service: 'in-tunnels', chainer: { type: 'inband' } },
        },
        {
          match: { method: 'CONNECT', port: 443 },
          chainer: { type: 'sidestack', service: 'only-tls', chainer: { type: 'inband' } },
        },
      ],
    },
    'in-tunnels': {
      mode: 'transparent',
      access: [{ deny: { servers: ['10.71.3.10', 'fd71:3::10'], reason: 'Not there.' } }],
    },
    'only-tls': { proxy: 'tls', tls: { allow: ['shop.example'] } },
  },
};

interface Family {
  readonly name: string;
  readonly gateway: string;
  readonly client: string;
  readonly server: (number: 1 | 2, port: number) => string;
}

const FAMILIES: readonly Family[] = [
  {
    name: 'IPv4',
    gateway: '10.71.1.1:3128',
    client: '10.71.1.10',
    server: (number, port) => `10.71.${number + 1}.10:${port}`,
  },
  {
    name: 'IPv6',
    gateway: '[fd71:1::1]:3128',
    client: '[fd71:1::10]',
    server: (number, port) => `[fd71:${number + 1}::10]:${port}`,
  },
];

describeRequiring(LAB_NEEDS, 'stacking between machines', () => {
  let lab: NetnsLab;
  let program: RunningProgram;

  beforeAll(async () => {
    lab = await NetnsLab.create();
    await lab.server1.serve(443, 'echo');
    program = await lab.inband(config);
  });
  afterAll(() => lab?.close());

  async function tunnel({ gateway }: Family, to: string) {
    const wire = await lab.client.open(gateway);
    await wire.sendHead(`CONNECT ${to} HTTP/1.1`, `Host: ${to}`);
    expect(await wire.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    return wire;
  }

  /** The lines of the session inside and of the tunnel around it. */
  async function lines(message: 'request' | 'tunnel', service: string, server: string, target: string) {
    for (let count = 1; ; count += 1) {
      const inner = (await program.logged(message, count)).find(
        (line) => line.service === service && line.server === server && line.target === target,
      );
      if (inner === undefined) continue;
      for (let tunnels = 1; ; tunnels += 1) {
        const outer = (await program.logged('tunnel', tunnels)).find(({ session }) => session === inner.parent);
        if (outer !== undefined) return { inner, outer };
      }
    }
  }

  describe.each(FAMILIES)('over $name', (family) => {
    const { client, server } = family;

    test('CONNECT to port 80 goes into the inner HTTP service, which passes on what it understood', async () => {
      const wire = await tunnel(family, server(1, 80));
      await wire.sendHead('GET /inside HTTP/1.1', 'Host: shop.example', 'Connection: close');
      const answer = await wire.until('"body":""}');
      expect(answer).toContain('"server":"server1"');
      expect(answer).toContain('"url":"/inside"');
      expect(answer).toContain('"host":"shop.example"');
      expect(answer).toMatch(/"via":"1\.1 inband-\w{6}"/);
      await wire.finish();
      const { inner, outer } = await lines('request', 'in-tunnels', server(1, 80), '/inside');
      expect(inner).toMatchObject({ status: 200, chainer: 'none' });
      expect(String(inner.client).startsWith(client)).toBe(true);
      expect(outer).toMatchObject({ service: 'browsers', chainer: 'sidestack', client: inner.client });
    });

    test('the inner service evaluates the address to which the tunnel is connected', async () => {
      const before = (await lab.server2.soFar()).filter(({ type }) => type === 'request').length;
      const wire = await tunnel(family, server(2, 80));
      await wire.sendHead('GET / HTTP/1.1', `Host: ${server(1, 80)}`);
      expect(await wire.until('Not there.')).toMatch(/\r\n\r\nHTTP\/1\.1 403 /);
      await wire.finish();
      const { inner } = await lines('request', 'in-tunnels', server(2, 80), '/');
      expect(inner).toMatchObject({ status: 403, rule: 'services.in-tunnels.access[0]' });
      expect((await lab.server2.soFar()).filter(({ type }) => type === 'request')).toHaveLength(before);
    });

    test('a ClientHello for a name that is allowed reaches the server as it was', async () => {
      const hello = (await clientHello('shop.example')).toString('latin1');
      const wire = await tunnel(family, server(1, 443));
      await wire.send(hello.slice(0, 100));
      await wire.send(hello.slice(100));
      expect((await wire.until(hello)).endsWith(`\r\n\r\n${hello}`)).toBe(true);
      await wire.finish();
      await wire.closed();
      const { inner } = await lines('tunnel', 'only-tls', server(1, 443), 'shop.example:443');
      expect(inner).toMatchObject({ bytesIn: hello.length, bytesOut: hello.length });
      expect(inner.error).toBeUndefined();
    });

    test('one for another name is refused: the tunnel closes, and the server hears nothing', async () => {
      const wire = await tunnel(family, server(1, 443));
      await wire.send((await clientHello('evil.example')).toString('latin1'));
      await wire.finish();
      await wire.closed();
      expect(wire.received).toMatch(/^HTTP\/1\.1 200 [^\n]*\r\n(?:[^\r]+\r\n)*\r\n$/);
      const { inner } = await lines('tunnel', 'only-tls', server(1, 443), 'evil.example:443');
      expect(inner.why).toContain('"evil.example", is not the host of the tunnel');
      expect(inner).toMatchObject({ error: 'http_request_denied', rule: 'services.only-tls.tls.allow', bytesIn: 0 });
    });
  });
});
