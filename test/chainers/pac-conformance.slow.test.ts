import { pacChainer, type PreparedPac } from '@inband/chainers';
import { formatSockAddr } from '@inband/core';
import * as pac from '@inband/pac';
import { chainerConformance } from './chainer-suite.ts';

// Each of these tests starts a thread for its PAC file.

chainerConformance('pac, which names a direct connection', ({ deps, connectTimeout }) => {
  const options = {
    url: 'http://wpad.example/proxy.pac',
    refresh: 60_000,
    resolve: 'local',
    stateTimeout: 1_000,
  } as const;
  return pacChainer({ ...options, connectTimeout }, answering('DIRECT'), deps);
});

chainerConformance(
  'pac, which names a parent',
  ({ deps, server, connectTimeout }) => {
    const options = { file: 'proxy.pac', refresh: 60_000, resolve: 'local', stateTimeout: 1_000 } as const;
    return pacChainer({ ...options, connectTimeout }, answering(`SOCKS5 ${formatSockAddr(server)}`), deps);
  },
  { serverChosenBy: 'operator', speaksSocks: true },
);

/** A PAC file that always answers the same. */
function answering(answer: string): PreparedPac {
  const text = `function FindProxyForURL() { return "${answer}"; }`;
  return { module: pac, place: { path: '/nowhere/proxy.pac', text }, login: {}, identity: undefined };
}
