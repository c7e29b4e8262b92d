import type { JSX } from 'preact';
import type { Health } from '../../../src/schemas/health.ts';
import type { Stats } from '../../../src/schemas/stats.ts';
import { bytes, duration, milliseconds, short, whole } from '../base/format.ts';
import { type Polled, usePolled } from '../base/hooks.ts';
import { Chart } from '../parts/chart.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Mark } from '../parts/mark.tsx';
import { Table } from '../parts/table.tsx';

/** How the proxy is doing. */
export function Overview({ stats }: { stats: Polled<Stats> }): JSX.Element {
  return (
    <Loaded of={stats}>
      {(answer) => (
        <>
          <Charts stats={answer} />
          <div class="columns">
            <Top title="Top clients" none="No client has asked for anything." counts={answer.top.clients} />
            <Top title="Top targets" none="Nothing was asked for." counts={answer.top.targets} />
          </div>
          <Processes stats={answer} />
          <Listeners />
          <Totals stats={answer} />
        </>
      )}
    </Loaded>
  );
}

function Charts({ stats: { history, rates, latency } }: { stats: Stats }): JSX.Element {
  const series = (key: 'requests' | 'bytes' | 'errors' | 'denials' | 'p99') =>
    history.map((point) => ({ at: point.at, value: point[key] }));
  return (
    <div class="tiles">
      <Chart title="Requests" now={perSecond(rates.requests)} points={series('requests')} format={perSecond} />
      <Chart
        title="Bytes, both ways"
        now={bytesPerSecond(rates.bytesIn + rates.bytesOut)}
        points={series('bytes')}
        format={bytesPerSecond}
      />
      <Chart title="Latency (p99)" now={milliseconds(latency.p99)} points={series('p99')} format={milliseconds} />
      <Chart title="Denials" tone="deny" now={perSecond(rates.denials)} points={series('denials')} format={perSecond} />
      <Chart title="Errors" tone="error" now={perSecond(rates.errors)} points={series('errors')} format={perSecond} />
    </div>
  );
}

function perSecond(value: number): string {
  return `${short(value)}/s`;
}

function bytesPerSecond(value: number): string {
  return `${bytes(value)}/s`;
}

interface TopProps {
  readonly title: string;
  readonly none: string;
  readonly counts: Stats['top']['clients'];
}

function Top({ title, none, counts }: TopProps): JSX.Element {
  const most = counts[0]?.requests ?? 1;
  return (
    <section>
      <h2>{title}</h2>
      <Table
        caption={title}
        none={none}
        rows={counts.slice(0, 10)}
        rowKey={({ key }) => key}
        columns={[
          {
            title: 'Name',
            heading: true,
            long: true,
            cell: ({ key, requests }) => (
              <span class="bar">
                <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={(requests / most) * 100} height="1" />
                </svg>
                <span>{key}</span>
              </span>
            ),
          },
          { title: 'Requests', numeric: true, cell: ({ requests }) => whole(requests) },
          { title: 'Bytes', numeric: true, cell: (count) => bytes(count.bytes) },
        ]}
      />
    </section>
  );
}

function Processes({ stats: { workers } }: { stats: Stats }): JSX.Element {
  return (
    <section>
      <h2>Processes</h2>
      <Table
        caption="Processes"
        none="None."
        rows={workers}
        rowKey={({ worker }) => worker}
        columns={[
          { title: 'Worker', heading: true, cell: ({ worker }) => worker },
          {
            title: 'State',
            cell: ({ state }) => <Mark tone={state === 'up' ? 'good' : 'error'}>{state}</Mark>,
          },
          { title: 'Process id', numeric: true, cell: ({ pid }) => pid },
          { title: 'Memory', numeric: true, cell: ({ memory }) => bytes(memory) },
          { title: 'Event loop late by', numeric: true, cell: ({ loopDelay }) => milliseconds(loopDelay) },
        ]}
      />
    </section>
  );
}

function Listeners(): JSX.Element {
  const health = usePolled<Health>('health/ready', 5_000, 503);
  return (
    <section>
      <h2>Listeners</h2>
      <Loaded of={health}>
        {({ listeners }) => (
          <Table
            caption="Listeners"
            none="Nothing listens."
            rows={listeners}
            rowKey={({ bind, name }) => `${bind} ${name}`}
            columns={[
              { title: 'Address', heading: true, long: true, cell: ({ bind }) => <code>{bind}</code> },
              { title: 'Service', cell: ({ name }) => name },
              {
                title: 'State',
                cell: ({ state }) => <Mark tone={state === 'listening' ? 'good' : 'error'}>{state}</Mark>,
              },
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

function Totals({ stats: { totals, uptime } }: { stats: Stats }): JSX.Element {
  const rows: [string, string][] = [
    ['Requests', whole(totals.requests)],
    ['Tunnels', whole(totals.tunnels)],
    ['From clients', bytes(totals.bytesIn)],
    ['To clients', bytes(totals.bytesOut)],
    ['Denials', whole(totals.denials)],
    ['Errors', whole(totals.errors)],
    ['Refused by limits', whole(totals.refusals)],
    ['Server connections made', whole(totals.connections)],
    ['Requests on an idle connection', whole(totals.reused)],
    ['Look-ups', whole(totals.lookups)],
    ['Look-ups from the cache', whole(totals.cacheHits)],
    ['Look-ups that failed', whole(totals.lookupFailures)],
    ['Log lines dropped', whole(totals.droppedLines)],
    ['Workers started again', whole(totals.restarts)],
  ];
  return (
    <section>
      <h2>
        Since the start <span class="muted">{duration(uptime)}</span>
      </h2>
      <dl class="totals">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
