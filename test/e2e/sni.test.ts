import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect } from 'vitest';
import { parse } from 'yaml';
import type { ConfigInput } from 'inband';
import { certificate } from '../support/certificate.ts';
import { e2e, type Lab } from './lab.ts';

/** The configuration of the page, with its servers on loopback and its listener on any free port. */
function documented(servers: Readonly<Record<string, string>>): ConfigInput {
  const page = readFileSync(new URL('../../docs/stacking.md', import.meta.url), 'utf8');
  const [, yaml = ''] = /```yaml\n# sni\.yaml\n([^]*?)```/.exec(page) ?? [];
  const moved = Object.entries(servers).reduce((all, [from, to]) => all.replaceAll(from, to), yaml);
  return parse(moved.replace('0.0.0.0:443', '127.0.0.1:0')) as ConfigInput;
}

async function ask(port: number, servername: string | undefined): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ca: certificate.cert,
    checkServerIdentity: () => undefined,
    ...(servername !== undefined && { servername }),
  });
  socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  return text(socket);
}

async function unusedPort(lab: Lab): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lab.defer(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

describe('TLS passed through by server name, as the page says', () => {
  e2e('goes to the server of the name, which keeps its own certificate', async (lab) => {
    const shop = await lab.tlsOrigin((_request, response) => void response.end('the shop'));
    const mail = await lab.tlsOrigin((_request, response) => void response.end('the mail'));
    const second = await unusedPort(lab);
    const servers = { '10.0.0.1:443': `127.0.0.1:${shop.port}`, '10.0.0.2:443': `127.0.0.1:${second}` };
    const proxy = await lab.inband(documented({ ...servers, '10.0.0.3:443': `127.0.0.1:${mail.port}` }));
    expect(await ask(proxy.port, 'mail.example')).toMatch(/\r\n\r\n(?:8\r\n)?the mail/);
    expect(await ask(proxy.port, 'evil.example').catch(() => '')).toBe('');
    expect(await ask(proxy.port, undefined).catch(() => '')).toBe('');
    const records = await proxy.recorded(3);
    // Each is told when its connection is closed, in whatever order.
    expect(records.map(({ error, session }) => `${session.target?.host}: ${error?.code}`).toSorted()).toEqual([
      'evil.example: http_request_denied',
      'mail.example: undefined',
      'undefined: http_request_denied',
    ]);
    expect([shop.connections.length, mail.connections.length]).toEqual([0, 1]);
  });

  e2e('goes to the next server of a pool when one cannot be reached', async (lab) => {
    const shop = await lab.tlsOrigin((_request, response) => void response.end('the shop'));
    const nowhere = '127.0.0.1:1';
    const servers = { '10.0.0.1:443': nowhere, '10.0.0.2:443': `127.0.0.1:${shop.port}`, '10.0.0.3:443': nowhere };
    const proxy = await lab.inband(documented(servers));
    expect(await ask(proxy.port, 'www.shop.example')).toMatch(/\r\n\r\n(?:8\r\n)?the shop/);
    await proxy.recorded(1);
  });
});
