import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect } from 'vitest';
import { e2e, forward } from './lab.ts';
import { startProgram } from './program.ts';
import { RawClient } from './raw-client.ts';

describe('SIGTERM', () => {
  e2e('lets what is running finish, closes idle clients, takes no new ones if told so, ends with 0', async (lab) => {
    const program = await startProgram(lab, { ...forward(), shutdown: { listen: 'close' } });
    const arrived = Promise.withResolvers<() => void>();
    const origin = await lab.origin((_req, res) => {
      res.write('first ');
      arrived.resolve(() => res.end('second'));
    });
    const idle = await RawClient.connect(program.port);
    const busy = await RawClient.connect(program.port);
    busy.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    const finish = await arrived.promise;
    program.kill('SIGTERM');
    await program.logged('stopping');
    expect(await idle.toEnd()).toBe('');
    idle.socket.end();
    const late = connect(program.port, '127.0.0.1');
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    finish();
    expect(await busy.toEnd()).toMatch(/first [^]*second/);
    busy.socket.end();
    expect(await program.ended).toEqual({ status: 0, signal: null, stderr: '' });
    expect(program.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'listening',
      'how names are looked up',
      'stopping',
      'request',
      'stopped',
    ]);
  });

  e2e('cuts what is still running after the grace, and ends with 0', async (lab) => {
    const program = await startProgram(lab, { ...forward(), shutdown: { grace: '100ms' } });
    const origin = await lab.tcpOrigin((socket) => socket.resume());
    const tunnel = await RawClient.connect(program.port);
    tunnel.sendHead(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    await tunnel.until('\r\n\r\n');
    program.kill('SIGTERM');
    await tunnel.toEnd();
    tunnel.socket.destroy();
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
    expect(program.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('tunnel');
  });
});

describe('the access log', () => {
  e2e('is one line of JSON for each session, whatever a client puts into it', async (lab) => {
    const program = await startProgram(lab, forward());
    const origin = await lab.origin((_req, res) => void res.end('ok'));
    const forged = '{"level":"info","msg":"request","forged":true}';
    const attacks = [
      // Each is a whole request; whether it is served or refused, it is one line.
      request(origin.port, `/%0A${encodeURIComponent(forged)}%0D%0A`),
      request(origin.port, `/%0A${forged}`),
      request(origin.port, `/"},${forged}`),
      request(origin.port, `/\n${forged}\n`),
      request(origin.port, `/\r${forged}\r`),
      request(origin.port, '/\x1b[2J\x1b]0;owned\x07'),
      request(origin.port, '/\u00e2\u0080\u00a8\u00e2\u0080\u00ae'),
      request(origin.port, '/', `User-Agent: ${forged}\r\nX-Forwarded-For: "\\n${forged}\r\n`),
      request(origin.port, '/', `X-Bad: a\n${forged}\n\r\n`),
      request(origin.port, '/', '', `GET"${forged}`),
      request(origin.port, '/__proto__?constructor=1', 'Cookie: \x7f\u0085\r\n'),
    ];
    for (const attack of attacks) {
      const client = await RawClient.connect(program.port);
      client.send(attack);
      await client.toEnd();
      client.socket.end();
      await client.closed;
    }
    await program.logged('request', attacks.length);
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0, stderr: '' });
    const lines = program.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'listening',
      'how names are looked up',
      ...attacks.map(() => 'request'),
      'stopping',
      'stopped',
    ]);
    expect(lines.filter((line) => 'forged' in line)).toEqual([]);
    for (const line of lines.filter(({ msg }) => msg === 'request')) {
      expect(line).toMatchObject({
        level: 'info',
        client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        service: 'browser',
      });
      expect([200, 400]).toContain(line.status);
    }
    expect(lines.filter(({ status }) => status === 200).length).toBeGreaterThan(1);
    // oxlint-disable-next-line no-control-regex -- controls are what this is about
    expect(program.lines.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
  });
});

function request(port: number, path: string, fields = '', method = 'GET'): string {
  return `${method} http://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${fields}\r\n`;
}
