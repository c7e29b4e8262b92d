import {
  DirectedChainer,
  FailoverChainer,
  InbandChainer,
  PoolChainer,
  SidestackChainer,
  StackedChainer,
  TransparentChainer,
} from '@inband/chainers';
import { createCachingResolver } from '@inband/core';
import { carrier } from './carrier.ts';
import { chainerConformance } from './chainer-suite.ts';
import { HashingChainer } from './hashing-chainer.ts';
import { serverName } from './harness.ts';

chainerConformance('inband', ({ deps, connectTimeout }) => new InbandChainer({ connectTimeout }, deps));

chainerConformance('inband, with a cache', ({ deps, connectTimeout }) => {
  const resolver = createCachingResolver(deps.resolver);
  return new InbandChainer({ connectTimeout }, { ...deps, resolver });
});

chainerConformance(
  'directed, to an address',
  ({ deps, server, connectTimeout }) => new DirectedChainer({ remote: server, connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'directed, to a name',
  ({ deps, server, connectTimeout }) =>
    new DirectedChainer({ remote: { host: serverName, port: server.port }, connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'failover, with one host',
  ({ deps, server, connectTimeout }) => new FailoverChainer({ hosts: [server], connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'failover, sticky, with one host twice',
  ({ deps, server, connectTimeout }) =>
    new FailoverChainer({ hosts: [server, server], policy: 'sticky', connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'pool, with one server',
  ({ deps, server, connectTimeout }) => new PoolChainer({ servers: [{ address: server }], connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance('transparent', ({ deps, connectTimeout }) => new TransparentChainer({ connectTimeout }, deps));

chainerConformance('none', ({ deps }) => new StackedChainer(deps), { stacked: true });

chainerConformance(
  'sidestack, of directed',
  ({ deps, server, connectTimeout }) => {
    const chainer = new DirectedChainer({ remote: server, connectTimeout }, deps);
    return new SidestackChainer({ service: 'carrier', chainer }, { proxies: new Map([['carrier', carrier()]]) });
  },
  { serverChosenBy: 'operator', releaseCloses: true },
);

chainerConformance('of a third party', ({ deps, server }) => new HashingChainer([server], deps), {
  serverChosenBy: 'operator',
});
