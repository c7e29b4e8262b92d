import type { JSX } from 'preact';
import type { Pool, Pools as Answer, PoolServer } from '../../../src/schemas/pools.ts';
import { milliseconds, relative, whole } from '../base/format.ts';
import { usePolled } from '../base/hooks.ts';
import { orderServer, type OrderScope } from '../base/order-server.ts';
import { useViewer } from '../base/session.ts';
import { Action } from '../parts/action.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Mark, type Tone } from '../parts/mark.tsx';
import { MissingWorkers } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';

const TONES: Readonly<Record<PoolServer['state'], Tone>> = {
  up: 'good',
  down: 'error',
  draining: 'deny',
  drained: 'quiet',
};

/** Servers among which chainers choose. */
export function Pools(): JSX.Element {
  const pools = usePolled<Answer>('pools');
  return (
    <Loaded of={pools}>
      {(answer) => (
        <>
          <MissingWorkers missing={answer.missing} />
          {answer.pools.length === 0 && (
            <p class="none">No chainer of this configuration has servers to choose from.</p>
          )}
          {answer.pools.map((pool) => (
            <Servers key={pool.name} pool={pool} refresh={pools.refresh} />
          ))}
        </>
      )}
    </Loaded>
  );
}

function Servers({ pool, refresh }: { pool: Pool; refresh: () => void }): JSX.Element {
  return (
    <section>
      <h2>
        {pool.name}{' '}
        <span class="muted">{pool.queued === 0 ? pool.kind : `${pool.kind}, ${whole(pool.queued)} waiting`}</span>
      </h2>
      <Table
        caption={`Servers of ${pool.name}`}
        none="It has no servers."
        rows={pool.servers}
        rowKey={({ address }) => address}
        columns={[
          { title: 'Server', heading: true, cell: ({ address }) => <code>{address}</code> },
          { title: 'State', cell: ({ state }) => <Mark tone={TONES[state]}>{state}</Mark> },
          { title: 'Since', cell: ({ since }) => (since === null ? '–' : <When at={since} />) },
          { title: 'Why', long: true, cell: ({ why }) => why ?? '–' },
          { title: 'In flight', numeric: true, cell: ({ inFlight }) => whole(inFlight) },
          { title: 'Connects in', numeric: true, cell: ({ latency }) => milliseconds(latency?.average ?? null) },
          {
            title: 'Tried again',
            cell: ({ nextCheck }) => (nextCheck === null ? '–' : relative(nextCheck)),
          },
          { title: 'Change', cell: (server) => <Orders pool={pool} server={server} refresh={refresh} /> },
        ]}
      />
    </section>
  );
}

interface OrdersProps {
  readonly pool: Pool;
  readonly server: PoolServer;
  readonly refresh: () => void;
}

function Orders({ pool, server: { address, state, byApi, everywhere }, refresh }: OrdersProps): JSX.Element {
  const { hasCluster } = useViewer();
  const order =
    (name: string, scope: OrderScope = 'here') =>
    () =>
      orderServer(pool.name, address, { order: name, scope, refresh });
  if (byApi || state !== 'up') {
    return (
      <Action
        needs="operate"
        label={`Use again${everywhere ? ' everywhere' : ''} ${address}`}
        run={order('up', everywhere ? 'everywhere' : 'here')}
      >
        {everywhere ? 'Use again everywhere' : 'Use again'}
      </Action>
    );
  }
  return (
    <span class="buttons">
      <Action needs="operate" label={`Drain ${address}`} run={order('drain')}>
        Drain
      </Action>
      {hasCluster && (
        <Action needs="operate" label={`Drain everywhere ${address}`} run={order('drain', 'everywhere')}>
          Drain everywhere
        </Action>
      )}
      <Action
        needs="operate"
        danger
        label={`Take ${address} down`}
        question={{
          title: 'Take this server down?',
          detail: `${address} gets no new sessions, and those that it has are ended at once.`,
          action: 'Take it down',
        }}
        run={order('down')}
      >
        Down
      </Action>
    </span>
  );
}
