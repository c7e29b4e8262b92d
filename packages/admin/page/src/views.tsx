import type { JSX } from 'preact';
import type { Stats } from '../../src/schemas/stats.ts';
import type { Polled } from './base/hooks.ts';
import { Cluster } from './views/cluster.tsx';
import { Configuration } from './views/configuration.tsx';
import { Explain } from './views/explain.tsx';
import { Log } from './views/log.tsx';
import { Overview } from './views/overview.tsx';
import { Pools } from './views/pools.tsx';
import { Denials, Errors } from './views/recent.tsx';
import { Routes } from './views/routes.tsx';
import { Sessions } from './views/sessions.tsx';

export interface View {
  readonly route: string;
  readonly title: string;
  /** Only where other machines may be members of a cluster. */
  readonly ofCluster?: true;
  readonly render: (stats: Polled<Stats>) => JSX.Element;
}

export const OVERVIEW: View = { route: '', title: 'Overview', render: (stats) => <Overview stats={stats} /> };

/** What the navigation may have, in this order. */
export const VIEWS: readonly View[] = [
  OVERVIEW,
  { route: 'cluster', title: 'Cluster', ofCluster: true, render: () => <Cluster /> },
  { route: 'sessions', title: 'Sessions', render: () => <Sessions /> },
  { route: 'routes', title: 'Routes', render: () => <Routes /> },
  { route: 'pools', title: 'Pools', render: () => <Pools /> },
  { route: 'denials', title: 'Denials', render: () => <Denials /> },
  { route: 'errors', title: 'Errors', render: () => <Errors /> },
  { route: 'explain', title: 'Explain', render: () => <Explain /> },
  { route: 'configuration', title: 'Configuration', render: () => <Configuration /> },
  { route: 'log', title: 'Log', render: () => <Log /> },
];
