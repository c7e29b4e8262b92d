import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { beyondLoopback, networkFacts } from './isolation.ts';

const HEADER = 'Iface\tDestination\tGateway\tFlags\n';
const DEVICES = 'Inter-|   Receive\n face |bytes\n    lo: 0 0\n';
const ALONE = {
  interfaces: ['lo'],
  devices: DEVICES,
  routes: HEADER,
  ipv6Routes: '00 80 00 00 00 00 00 00200200       lo\n',
};

describe('isolation', () => {
  test('loopback alone is fine', () => {
    expect(beyondLoopback(ALONE)).toBeUndefined();
  });

  test.each([
    ['an interface that is up', { ...ALONE, interfaces: ['lo', 'eth0'] }],
    ['an interface that is down', { ...ALONE, devices: `${DEVICES}  eth0: 0 0\n` }],
    ['a route', { ...ALONE, routes: `${HEADER}eth0\t00000000\t0100000A\t0003\n` }],
    ['an IPv6 route', { ...ALONE, ipv6Routes: '00 00 00 00 00 00 00 00200200     eth0\n' }],
  ])('%s is too much', (_, facts) => {
    expect(beyondLoopback(facts)).toBe('there is more than loopback here: eth0');
  });

  test.skipIf(process.platform !== 'linux' || beyondLoopback(networkFacts()) === undefined)(
    'the runner on sockets refuses to start where there is more than loopback',
    () => {
      const program = fileURLToPath(new URL('run-on-sockets.ts', import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain('there is more than loopback here');
    },
  );
});
