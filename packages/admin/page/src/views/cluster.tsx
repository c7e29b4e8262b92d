import type { JSX } from 'preact';
import type { Cluster as Answer, ClusterMember, MemberOrder } from '../../../src/schemas/cluster/members.ts';
import { duration, milliseconds, relative, short, whole } from '../base/format.ts';
import { usePolled } from '../base/hooks.ts';
import { orderServer } from '../base/order-server.ts';
import { Action } from '../parts/action.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Mark, type Tone } from '../parts/mark.tsx';
import { Table } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';

/** Milliseconds between two questions: members beat every ten seconds. */
const OFTEN = 2_000;

const STATUS: Readonly<Record<Answer['status'], Tone>> = { well: 'good', stale: 'deny', away: 'error' };
const STATES: Readonly<Record<ClusterMember['state'], Tone>> = {
  here: 'good',
  leaving: 'deny',
  unknown: 'quiet',
  gone: 'quiet',
};

/** The members that share a store. */
export function Cluster(): JSX.Element {
  const cluster = usePolled<Answer>('cluster', OFTEN);
  return (
    <Loaded of={cluster}>
      {(answer) => (
        <>
          <Summary cluster={answer} />
          <Members members={answer.members} />
          <Canary canary={answer.canary} />
          <Orders orders={answer.orders} refresh={cluster.refresh} />
          <Store cluster={answer} />
        </>
      )}
    </Loaded>
  );
}

function Summary({ cluster: { name, member, status, reasons } }: { cluster: Answer }): JSX.Element {
  return (
    <section>
      <p>
        <Mark tone={STATUS[status]}>{status}</Mark>{' '}
        <span class="muted long">
          {name}, seen by {member}
        </span>
      </p>
      {reasons.length > 0 && (
        <div class="problem" role="alert">
          <ul>
            {reasons.map((reason) => (
              <li key={reason} class="long">
                {reason}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function Members({ members }: Pick<Answer, 'members'>): JSX.Element {
  return (
    <section>
      <h2>Members</h2>
      <Table
        caption="Members"
        none="None."
        rows={members}
        rowKey={({ name }) => name}
        columns={[
          {
            title: 'Member',
            heading: true,
            long: true,
            cell: ({ name, isThis }) => (isThis ? `${name} (this one)` : name),
          },
          { title: 'State', cell: ({ state }) => <Mark tone={STATES[state]}>{state}</Mark> },
          { title: 'Configuration', long: true, cell: configurationOf },
          { title: 'Stale', long: true, cell: staleOf },
          { title: 'Version', cell: ({ version }) => version ?? '–' },
          { title: 'Started', cell: ({ started }) => (started === null ? '–' : relative(started)) },
          { title: 'Workers', numeric: true, cell: ({ workers }) => workers ?? '–' },
          {
            title: 'Clients',
            numeric: true,
            cell: ({ connections }) => (connections === null ? '–' : whole(connections)),
          },
          {
            title: 'Requests',
            numeric: true,
            cell: ({ requests }) => (requests === null ? '–' : `${short(requests)}/s`),
          },
          { title: 'Clock', numeric: true, cell: clockOf },
          { title: 'Last beat', numeric: true, cell: ({ lag }) => (lag === null ? '–' : `${duration(lag)} ago`) },
        ]}
      />
    </section>
  );
}

function configurationOf({ configuration: { running, wanted } }: ClusterMember): string {
  const here = running ?? 'its own';
  return running === wanted ? here : `${here}, not ${wanted}`;
}

function staleOf({ stale }: ClusterMember): string {
  return stale.length === 0 ? '–' : stale.map(({ what, since }) => `${what} as of ${relative(since)}`).join(', ');
}

/** How far it is ahead of the clock of the store. */
function clockOf({ clock }: ClusterMember): string {
  if (clock === null) return '–';
  return `${clock < 0 ? '−' : '+'}${milliseconds(Math.abs(clock))}`;
}

function Canary({ canary }: Pick<Answer, 'canary'>): JSX.Element | null {
  if (canary === null) return null;
  const { version, since, by, members } = canary;
  return (
    <section>
      <h2>Canary</h2>
      <p class="long">
        Configuration {version}, since <When at={since} /> by {by}, on {members.join(', ')}.
      </p>
    </section>
  );
}

function Orders({ orders, refresh }: Pick<Answer, 'orders'> & { refresh: () => void }): JSX.Element {
  return (
    <section>
      <h2>Servers that are taken out everywhere</h2>
      <Table
        caption="Servers that are taken out everywhere"
        none="All members use all servers, unless one of them has an order of its own."
        rows={orders}
        rowKey={({ pool, address }) => `${pool} ${address}`}
        columns={[
          { title: 'Server', heading: true, long: true, cell: ({ address }) => <code>{address}</code> },
          { title: 'Pool', long: true, cell: ({ pool }) => pool },
          { title: 'Order', cell: ({ order }) => order },
          { title: 'By', long: true, cell: ({ by, member }) => `${by} on ${member}` },
          { title: 'At', cell: ({ at }) => <When at={at} /> },
          { title: 'Change', cell: (order) => <TakeBack order={order} refresh={refresh} /> },
        ]}
      />
    </section>
  );
}

function TakeBack({ order: { pool, address }, refresh }: { order: MemberOrder; refresh: () => void }): JSX.Element {
  return (
    <Action
      needs="operate"
      label={`Use again everywhere ${address}`}
      run={() => orderServer(pool, address, { order: 'up', scope: 'everywhere', refresh })}
    >
      Use again everywhere
    </Action>
  );
}

function Store({ cluster: { store, asOf } }: { cluster: Answer }): JSX.Element {
  const { type, address, status, since, why, calls, failures, latency } = store;
  const rows: [string, JSX.Element | string][] = [
    ['Type', type],
    ['Address', address],
    ['State', <Mark tone={status === 'here' ? 'good' : 'error'}>{status}</Mark>],
    ['Since', since === null ? '–' : <When at={since} />],
    ...(why === null ? [] : [['Why', why] satisfies [string, string]]),
    ['Calls', whole(calls)],
    ['Calls that failed', whole(failures)],
    ['A call takes', milliseconds(latency)],
    ['Members as of', asOf === null ? '–' : <When at={asOf} />],
  ];
  return (
    <section>
      <h2>Store</h2>
      <dl class="totals">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="long">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
