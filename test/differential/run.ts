/**
 * The differential run itself. Prints what came of it and exits with 0 when every finding is in the list and every entry of the list
 * is needed. Starts only where nothing but loopback exists; `main.ts` makes such a place.
 */
import { parseArgs } from 'node:util';
import { beyondLoopback, networkFacts } from '../conformance/isolation.ts';
import { findCommand } from '../support/requires.ts';
import { Inputs } from './inputs/input.ts';
import { examples } from './lenient.ts';
import { haproxy } from './proxies/haproxy.ts';
import { nginx } from './proxies/nginx.ts';
import { squid } from './proxies/squid.ts';
import { trafficServer } from './proxies/trafficserver.ts';
import { Ring } from './ring.ts';
import { Tally } from './tally.ts';

const PEERS = [nginx, haproxy, squid, trafficServer];

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const problem = beyondLoopback(networkFacts());
if (problem !== undefined) {
  console.error(
    `Refusing to run: ${problem}. Mutations name any host; a proxy with a defect could really connect there.`,
  );
  process.exit(2);
}

const peers = PEERS.filter(({ command }) => findCommand(command) !== undefined);
const missing = PEERS.filter((peer) => !peers.includes(peer)).map(({ name }) => name);
if (missing.length > 0 && !values.short) {
  console.error(`Missing: ${missing.join(', ')}. See .ci/run for the packages.`);
  process.exit(2);
}

const inputs = new Inputs(Number(values.seed));
const asked = (): Iterable<(typeof inputs.cases)[number]> => {
  if (values.only !== undefined) return values.only.split(',').map((index) => inputs.mutation(Number(index)));
  return inputs.all(Number(values.count), values.short);
};
const started = performance.now();
const tally = new Tally();
const ring = await Ring.open(peers);
const restarts = new Map<string, number>();
try {
  for (const some of [examples(), asked()]) {
    await ring.tryAll(some, (trial, findings, needed) => tally.add(trial, findings, needed));
  }
  for (const { name, restarts: count } of ring.peers) restarts.set(name, count);
} finally {
  await ring.close();
}

const { requests, answers, tunnels, defectCount } = tally;
for (const [kind, { inputs: count, agreed, byName }] of Object.entries({ requests, answers })) {
  console.log(`${kind}: ${count} inputs, ${agreed} messages from Inband read twice`);
  console.table([...byName.values()].map((each) => ({ ...each, restarts: restarts.get(each.name) ?? 0 })));
}
console.log(`needed of the list: ${JSON.stringify(Object.fromEntries(tally.needed))}`);
for (const defect of tally.defects) console.log(`\n${defect}`);
const unneeded = [...tally.needed].filter(([, count]) => count === 0).map(([name]) => name);
const judged = missing.length === 0 && values.only === undefined;
if (judged) for (const name of unneeded) console.log(`\n${name}: nothing needs this entry of lenient.ts any more`);
console.log(
  `\n${requests.inputs + answers.inputs + tunnels} inputs in ${Math.round((performance.now() - started) / 1000)} s, seed ${values.seed}; ` +
    `${tunnels} tunnels; ${defectCount} findings that are not in the list, ${judged ? unneeded.length : 0} entries that nothing needs`,
);
process.exitCode = defectCount + (judged ? unneeded.length : 0) === 0 ? 0 : 1;
