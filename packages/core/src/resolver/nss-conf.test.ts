import { expect, test } from 'vitest';
import { parseHostSources } from './nss-conf.ts';

test.each([
  undefined,
  '',
  'passwd: files',
  'hosts: files dns',
  'hosts:files dns # as usual',
  'hosts: files dns myhostname',
  'hosts: files myhostname dns',
  'hosts: files [NOTFOUND=continue] dns [SUCCESS=return]',
])('%j is plain', (text) => {
  expect(parseHostSources(text)).toMatchObject({ filesFirst: true, needsSystem: undefined });
});

test.each([
  ['hosts: files mdns4_minimal [NOTFOUND=return] dns', 'mdns4_minimal'],
  ['hosts: files resolve [!UNAVAIL=return] dns', 'resolve'],
  ['hosts: files mymachines dns', 'mymachines'],
  ['hosts: files [NOTFOUND=return] dns', '[NOTFOUND=return]'],
  ['hosts: files [SUCCESS=merge] dns', '[SUCCESS=merge]'],
  ['hosts: dns files', 'first'],
  ['hosts: files', 'first'],
  ['hosts: dns', 'first'],
])('%j is not, and the reason says so', (text, reason) => {
  expect(parseHostSources(text).needsSystem).toContain(reason);
});

test.each([
  ['hosts: files mdns4 dns', true],
  ['hosts: mdns4 files dns', false],
  ['hosts: files [SUCCESS=merge] dns', false],
])('in %j /etc/hosts has the first word: %j', (text, first) => {
  expect(parseHostSources(text).filesFirst).toBe(first);
});

test('myhostname answers for the machine itself', () => {
  expect(parseHostSources('hosts: files dns myhostname').myHostname).toBe(true);
  expect(parseHostSources('hosts: files dns').myHostname).toBe(false);
});
