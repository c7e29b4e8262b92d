import type { ClusterLab } from './cluster-lab.ts';
import { MEMBERS } from './machines/network.ts';

/** What can be wrong with a cluster, by the name that docs/cluster.md has for it. */
export interface Fault {
  readonly name: string;
  readonly begin: (lab: ClusterLab) => unknown;
  readonly end: (lab: ClusterLab) => unknown;
  /** It must be prepared while all is well. */
  readonly prepare?: (lab: ClusterLab) => unknown;
  /** Also in the short form. */
  readonly isShort?: boolean;
}

/** Milliseconds by which each answer of a slow store is late. */
const LATE = 2_000;
const HOUR = 3_600;
/** The member whose clock can be moved. */
export const MOVABLE_CLOCK = 2;

export const FAULTS: readonly Fault[] = [
  {
    name: 'killed',
    begin: ({ store }) => store.kill(),
    end: ({ store }) => store.start(),
    isShort: true,
  },
  {
    name: 'stopped',
    begin: ({ store }) => store.halt(),
    end: ({ store }) => store.goOn(),
    isShort: true,
  },
  {
    name: 'cut off',
    begin: ({ network }) => network.part(MEMBERS),
    end: ({ network }) => network.part([]),
  },
  {
    name: 'slow',
    begin: ({ store }) => store.late(LATE),
    end: ({ store }) => store.late(0),
  },
  {
    name: 'full',
    begin: ({ store }) => store.fill(),
    end: ({ store }) => store.empty(),
  },
  {
    name: 'wiped',
    begin: ({ store }) => store.wipe(),
    end: () => {},
    isShort: true,
  },
  {
    name: 'old data',
    prepare: ({ store }) => store.save(),
    begin: ({ store }) => store.restore(),
    end: () => {},
  },
  {
    name: 'clock',
    begin: (lab) => lab.moveClock(MOVABLE_CLOCK, HOUR),
    end: (lab) => lab.moveClock(MOVABLE_CLOCK, 0),
  },
];
