/**
 * `pnpm fuzz [--seconds 600] [--target NAME]… [--seed N] [--keep]`: fuzzes every target for its share of the time, and exits with 1 when
 * something does not hold. `--keep` writes the inputs that are needed to `corpus/`. README.md says what the targets hold.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { bundleTargets } from './engine/bundle.ts';
import { runTarget } from './engine/run-target.ts';
import { loadCorpus, saveCorpus, saveFinding } from './corpus.ts';
import { targetNames } from './target-names.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    target: { type: 'string', multiple: true, default: [...targetNames] },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    keep: { type: 'boolean', default: false },
  },
});
const unknown = values.target.filter((name) => !targetNames.includes(name));
if (unknown.length > 0) throw new Error(`There is no target ${unknown.join(', ')}, but ${targetNames.join(', ')}.`);

const time = (Number(values.seconds) * 1000) / values.target.length;
const bundle = await bundleTargets();
let findings = 0;
console.log(`seed ${values.seed}`);
for (const name of values.target) {
  const corpus = loadCorpus(name);
  const fuzzed = await runTarget(bundle.file, { name, corpus, seed: Number(values.seed), time, minimise: values.keep });
  const { runs, branches, covered, finding } = fuzzed;
  console.log(
    `${name}: ${runs} runs, ${covered} of ${branches} branches, ${fuzzed.corpus.length} inputs in the corpus`,
  );
  if (finding === undefined) {
    if (values.keep) saveCorpus(name, fuzzed.corpus);
    continue;
  }
  findings += 1;
  console.log(
    `  ${JSON.stringify(finding.input.toString('latin1'))}\n  ${saveFinding(name, finding.input)}\n  ${finding.error}`,
  );
}
await bundle.remove();
console.log(`${findings} findings`);
process.exitCode = findings === 0 ? 0 : 1;
