import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { curl } from '../../../../test/support/curl.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import { createInband } from '../single/inband.ts';

test('curl logs in by digest at a forward proxy, request after request, for tunnels and by a hashed user', async () => {
  const origin = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void origin.close());
  const at = origin.address();
  const url = `http://127.0.0.1:${typeof at === 'object' ? (at?.port ?? 0) : 0}/a?b=c`;
  const ann = `sha256:${createHash('sha256').update('ann:build:open sesame').digest('hex')}`;
  const users: (string | undefined)[] = [];
  const config: ConfigInput = {
    listeners: [{ bind: '127.0.0.1:0', service: 'out' }],
    services: {
      out: {
        mode: 'forward',
        auth: { type: 'digest', realm: 'build', users: { ann } },
        http: { connectPorts: 'any' },
        access: [{ allow: { users: ['ann'], servers: ['127.0.0.0/8'] } }, { deny: {} }],
        routes: [{ chainer: { type: 'inband' } }],
      },
    },
  };
  const inband = await createInband(config, { onSession: ({ session }) => void users.push(session.user) });
  onTestFinished(() => inband.close());
  const [listener] = inband.listeners;
  const proxy = `http://127.0.0.1:${listener?.address.family === 'unix' ? 0 : (listener?.address.port ?? 0)}`;
  const login = (password: string): string[] => ['--proxy', proxy, '--proxy-digest', '--proxy-user', `ann:${password}`];
  const twice = await curl([...login('open sesame'), url, url]);
  expect(twice.stdout.toString()).toMatch(/^\{.*\}\{.*\}$/);
  expect(twice.stdout.toString()).not.toContain('authorization');
  const tunnel = await curl([...login('open sesame'), '--proxytunnel', url]);
  expect(tunnel.stdout.toString()).toMatch(/^\{.*\}$/);
  const wrong = await curl([...login('wrong'), '--write-out', '%{http_code}', '--output', '/dev/null', url]);
  expect(wrong.stdout.toString()).toBe('407');
  expect(users.filter((user) => user === 'ann')).toHaveLength(3);
});
