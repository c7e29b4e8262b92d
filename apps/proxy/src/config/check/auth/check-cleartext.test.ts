import { expect, test } from 'vitest';
import { checkCleartext, cleartextListeners } from './check-cleartext.ts';

const BASIC = { type: 'basic' };
const warningsFor = (auth: unknown, ...listeners: object[]): string[] =>
  checkCleartext(['services', 'out'], auth, cleartextListeners(listeners).get('out')).map(
    ({ path, message, warning }) => {
      expect(warning).toBe(true);
      return `${path.join('.')}: ${message}`;
    },
  );

test.each(['0.0.0.0:3128', '10.0.0.1:3128', '[::]:3128', '192.0.2.1:80'])(
  'passwords are read on the way to a listener at %s without TLS',
  (bind) => {
    expect(warningsFor(BASIC, { bind: '127.0.0.1:3128', service: 'out' }, { bind, service: 'out' })).toEqual([
      'services.out.auth.type: passwords go over the network in the clear to listeners[1], and whoever reads them there can use them; give that listener "tls".',
    ]);
  },
);

test('of a list each way that shows its secrets is named', () => {
  const auth = [{ type: 'certificate' }, { type: 'digest' }, { type: 'token' }, { type: 'bearer' }, BASIC, 'wrong'];
  const warnings = warningsFor(auth, { bind: ':3128', service: 'out' });
  expect(warnings.map((text) => text.split(' go ')[0])).toEqual([
    'services.out.auth.2.type: tokens',
    'services.out.auth.3.type: tokens',
    'services.out.auth.4.type: passwords',
  ]);
});

test.each([
  { bind: '127.0.0.1:3128', service: 'out' },
  { bind: '[::1]:3128', service: 'out' },
  { bind: 'unix:/run/inband.sock', service: 'out' },
  { bind: 'systemd:inband', service: 'out' },
  { bind: '10.0.0.1:3128', service: 'out', tls: {} },
  { bind: '10.0.0.1:3128', service: 'other' },
  { bind: 7, service: 'out' },
])('nothing is said of %j', (listener) => {
  expect(warningsFor(BASIC, listener)).toEqual([]);
});
