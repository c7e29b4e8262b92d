import {
  DirectedChainer,
  FailoverChainer,
  environmentChainer,
  InbandChainer,
  ParentChainer,
  PoolChainer,
  SidestackChainer,
  StackedChainer,
  TransparentChainer,
} from '@inband/chainers';
import { type Chainer, type InetAddr } from '@inband/core';
import { carrier } from './carrier.ts';
import { chainerConformance } from './chainer-suite.ts';
import { HashingChainer } from './hashing-chainer.ts';
import { serverName } from './harness.ts';

chainerConformance('inband', ({ deps, connectTimeout }) => new InbandChainer({ connectTimeout }, deps));

chainerConformance(
  'directed, to an address',
  ({ deps, server, connectTimeout }) => new DirectedChainer({ remote: server, connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'failover, with one host',
  ({ deps, server, connectTimeout }) => new FailoverChainer({ hosts: [server], connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'pool, with one server',
  ({ deps, server, connectTimeout }) => new PoolChainer({ servers: [{ address: server }], connectTimeout }, deps),
  { serverChosenBy: 'operator' },
);

chainerConformance(
  'parent, by SOCKS5',
  ({ deps, server, connectTimeout }) => {
    const servers = [{ address: server }];
    return new ParentChainer({ protocol: 'socks5', resolve: 'local', servers, connectTimeout }, deps);
  },
  { serverChosenBy: 'operator', speaksSocks: true },
);

chainerConformance(
  'parent, by HTTP',
  ({ deps, server, connectTimeout }) =>
    askingFor(server, new ParentChainer({ protocol: 'http', servers: [{ address: server }], connectTimeout }, deps)),
  { serverChosenBy: 'operator' },
);

/** A client of a parent that resolves names gets nowhere without a rule, so that it asks for the address. */
function askingFor({ address }: InetAddr, chainer: Chainer): Chainer {
  return {
    kind: chainer.kind,
    connectServer: (session, host, port) => chainer.connectServer(session, host === serverName ? address : host, port),
    close: () => chainer.close?.(),
  };
}

chainerConformance('environment, which names no proxy', ({ deps, connectTimeout }) =>
  environmentChainer({ connectTimeout }, deps, {}),
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
