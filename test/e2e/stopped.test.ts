import { describe, expect } from 'vitest';
import type { SessionRecord } from 'inband';
import { summarise } from 'inband';
import { clientHello } from '../support/client-hello.ts';
import { e2e, forward } from './lab.ts';
import { RawClient } from './raw-client.ts';

/** What the log says of it. */
function said(record: SessionRecord | undefined): object {
  const { verdict, why } = summarise(record!);
  return { verdict, why, aborted: record?.aborted, setting: record?.error?.setting };
}

const STOPPED = {
  verdict: 'aborted',
  why: 'The proxy was stopped before the end.',
  aborted: false,
  setting: 'shutdown.grace',
};

describe('a proxy that is stopped before something has ended says so, and not that the client went away', () => {
  e2e('of a request', async (lab) => {
    const asked = Promise.withResolvers<void>();
    const origin = await lab.origin(() => asked.resolve());
    const proxy = await lab.inband();
    const client = await RawClient.connect(proxy.port);
    client.sendHead(`GET ${origin.url}/ HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    await asked.promise;
    await proxy.close({ grace: 10 });
    expect((await proxy.recorded(1)).map(said)).toEqual([STOPPED]);
    client.socket.destroy();
  });

  e2e('of a tunnel', async (lab) => {
    const origin = await lab.tcpOrigin((socket) => socket.resume());
    const proxy = await lab.inband();
    const client = await RawClient.connect(proxy.port);
    client.sendHead(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    await client.until('\r\n\r\n');
    await proxy.close({ grace: 10 });
    expect((await proxy.recorded(1)).map(said)).toEqual([STOPPED]);
    client.socket.destroy();
  });

  e2e('of a guarded tunnel', async (lab) => {
    const heard = Promise.withResolvers<void>();
    const origin = await lab.tcpOrigin((socket) => socket.once('data', () => heard.resolve()));
    const chainer = { type: 'directed' as const, remote: `127.0.0.1:${origin.port}` };
    const proxy = await lab.inband({
      ...forward(),
      services: { browser: { proxy: 'tls', tls: { allow: 'a.example' }, routes: [{ chainer }] } },
    });
    const client = await RawClient.connect(proxy.port);
    client.socket.write(await clientHello('a.example'));
    await heard.promise;
    await proxy.close({ grace: 10 });
    expect((await proxy.recorded(1)).map(said)).toEqual([STOPPED]);
    client.socket.destroy();
  });
});
