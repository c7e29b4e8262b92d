import {
  ChainedParents,
  DirectedChainer,
  FailoverChainer,
  environmentChainer,
  InbandChainer,
  ParentChainer,
} from '@inband/chainers';
import { createCachingResolver, establishThrough, formatSockAddr } from '@inband/core';
import { chainerConformance } from './chainer-suite.ts';
import { serverName } from './harness.ts';

/** Chainers that `conformance.test.ts` has in another form: with a cache, with names, with several servers, with a chainer behind them. */

chainerConformance('inband, with a cache', ({ deps, connectTimeout }) => {
  const resolver = createCachingResolver(deps.resolver);
  return new InbandChainer({ connectTimeout }, { ...deps, resolver });
});

chainerConformance(
  'directed, to a name',
  ({ deps, server, connectTimeout }) =>
    new DirectedChainer({ remote: { host: serverName, port: server.port }, connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'failover, sticky, with one host twice',
  ({ deps, server, connectTimeout }) =>
    new FailoverChainer({ hosts: [server, server], policy: 'sticky', connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'parent, with two of them',
  ({ deps, server, connectTimeout }) => {
    const other = { address: { ...server, port: 8081 }, backup: true };
    // The suite wants to hear of the first server, where that fails.
    const options = { retry: { on: [] }, connectTimeout };
    return new ParentChainer(
      { protocol: 'socks5', resolve: 'local', servers: [{ address: server }, other], ...options },
      deps,
    );
  },
  { serverChosenBy: 'operator', speaksSocks: true },
);

chainerConformance(
  'parent, with a chainer behind it',
  ({ deps, server, connectTimeout }) => {
    const parents = new ParentChainer({ protocol: 'socks5', servers: [{ address: server }], connectTimeout }, deps);
    const establishConnection = establishThrough(parents.carrier, 'operator');
    return new ChainedParents(parents, new DirectedChainer({ remote: server }, { ...deps, establishConnection }));
  },
  { serverChosenBy: 'operator', speaksSocks: true },
);

chainerConformance(
  'environment, which names a parent',
  ({ deps, server, connectTimeout }) =>
    environmentChainer({ connectTimeout }, deps, { all_proxy: `socks5://${formatSockAddr(server)}` }),
  { serverChosenBy: 'operator', speaksSocks: true },
);
