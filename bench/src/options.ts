import { parseArgs } from 'node:util';

/** The options of `pnpm bench`. */
export interface BenchOptions {
  /** Runs few and short rounds with small volumes, which takes about two minutes. */
  readonly quick: boolean;
  /** Numbers of the workloads to run; undefined: all. */
  readonly workloads: readonly number[] | undefined;
  /** Names of the peers to compare with; undefined: all. */
  readonly peers: readonly string[] | undefined;
  /** Rounds of every workload; undefined: as `quick` says. */
  readonly rounds: number | undefined;
  /** Length of one measurement, in seconds; undefined: as `quick` says. */
  readonly seconds: number | undefined;
  /** Directory for the report. The default depends on the workloads that are run. */
  readonly out: string | undefined;
  /** Seconds of load on each proxy before the first round; undefined: as `quick` says. */
  readonly warmUp: number | undefined;
  /** Measures ours, and what it was before, on this transport only; undefined: on all that work. */
  readonly transport: 'node' | 'epoll' | undefined;
  /** The program that is measured as ours, for measuring another checkout; undefined: this one. */
  readonly inband: string | undefined;
  /** Another `inband.mjs` that is measured beside ours, as it was before a change; undefined: none. */
  readonly before: string | undefined;
  /** The `results.json` of an earlier run of the same programs, whose rounds are to be in the report too. */
  readonly after: string | undefined;
  /** Whether missing Debian packages may be installed. */
  readonly install: boolean;
  readonly help: boolean;
}

export const USAGE = `Usage: pnpm bench [options]

  --quick              short rounds and small volumes: about two minutes
  --workload 1,2       only these workloads (1 to 12)
  --peers nginx,squid  only these peers: nginx, haproxy, squid, tinyproxy, proxy-chain, http-proxy-3
  --rounds N           rounds of every workload (default 5, quick 2)
  --seconds S          length of one measurement (default 3, quick 0.5)
  --warm-up S          load on each proxy before the first round (default 2, quick 0.4). V8 compiles for up to 20 s
  --transport NAME     ours on this transport only: node, epoll
  --out DIR            where the report goes (default: docs/benchmarks for a whole run, else bench/results)
  --inband FILE        measures this inband.mjs as ours, say of another checkout; what is built of it runs
  --before FILE        measures this inband.mjs too, as a peer: the same program before a change
  --after FILE         the report has the rounds of this earlier results.json too: more rounds, less noise
  --no-install         says which Debian packages are missing instead of installing them
  --help
`;

/** Reads the command line. Throws an Error that says what is wrong with it. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== '--'),
    allowNegative: true,
    options: {
      quick: { type: 'boolean', default: false },
      workload: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      transport: { type: 'string' },
      out: { type: 'string' },
      inband: { type: 'string' },
      before: { type: 'string' },
      after: { type: 'string' },
      install: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    quick: values.quick,
    workloads: values.workload === undefined ? undefined : list(values.workload).map(workloadNumber),
    peers: values.peers === undefined ? undefined : list(values.peers),
    rounds: numberOf('rounds', values.rounds, { least: 1, most: 100, whole: true }),
    seconds: numberOf('seconds', values.seconds, { least: 0.2, most: 60, whole: false }),
    warmUp: numberOf('warm-up', values['warm-up'], { least: 0, most: 60, whole: false }),
    transport: transportOf(values.transport),
    out: values.out,
    inband: values.inband,
    before: values.before,
    after: values.after,
    install: values.install,
    help: values.help,
  };
}

function transportOf(text: string | undefined): 'node' | 'epoll' | undefined {
  if (text === undefined || text === 'node' || text === 'epoll') return text;
  throw new Error(`--transport: expected node or epoll, found "${text}"`);
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function workloadNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 12) {
    throw new Error(`--workload: expected numbers from 1 to 12, found "${text}"`);
  }
  return number;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

function numberOf(name: string, text: string | undefined, { least, most, whole }: Bounds): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || !(number >= least && number <= most) || (whole && !Number.isInteger(number))) {
    throw new Error(`--${name}: expected a ${whole ? 'whole ' : ''}number from ${least} to ${most}, found "${text}"`);
  }
  return number;
}
