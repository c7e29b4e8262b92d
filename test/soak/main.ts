/**
 * `pnpm soak [exchanges] [epoll|node] [seed]`: the soak, a million exchanges if not told otherwise. Prints what came of it and exits with 0
 * when nobody got anything of another's, memory and descriptors did not grow, and all else was as it should be.
 */
import { isFlat } from './flat.ts';
import { soak } from './soak.ts';

let told = 0;
/** What is bad and was not told yet, the first of it. */
function tell(bad: readonly string[]): void {
  for (const line of bad.slice(told, 20)) console.error(line);
  told = Math.max(told, bad.length);
}

const [exchanges = '1000000', name = 'epoll', seed = '1'] = process.argv.slice(2);
const { crossTalk, problems, states, end, ...counts } = await soak({
  exchanges: Number(exchanges),
  transport: name === 'node' ? 'node' : 'epoll',
  seed: Number(seed),
  onTenth: (tally, { memory, descriptors }) => {
    tell([...tally.crossTalk, ...tally.problems]);
    const bad = tally.crossTalk.length + tally.problems.length;
    console.error(
      `${tally.exchanges} exchanges, ${bad} bad, ${(memory / 2 ** 20).toFixed(0)} MiB, ${descriptors} descriptors`,
    );
  },
});
const flat = isFlat(states, end);
console.log(
  JSON.stringify({ transport: name, ...counts, crossTalk: crossTalk.length, problems: problems.length, ...flat }),
);
tell([...crossTalk, ...problems]);
process.exitCode = crossTalk.length + problems.length === 0 && flat.isFlat ? 0 : 1;
