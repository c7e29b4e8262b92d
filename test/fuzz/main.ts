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
let findings = 0;

async function fuzzTarget(file: string, name: string): Promise<void> {
  const task = { name, corpus: loadCorpus(name), seed: Number(values.seed), time, minimise: values.keep };
  const { runs, branches, covered, corpus, finding } = await runTarget(file, task);
  console.log(`${name}: ${runs} runs, ${covered} of ${branches} branches, ${corpus.length} inputs in the corpus`);
  if (finding !== undefined) {
    findings += 1;
    const { input, error } = finding;
    console.log(`  ${JSON.stringify(input.toString('latin1'))}\n  ${saveFinding(name, input)}\n  ${error}`);
  } else if (values.keep) saveCorpus(name, corpus);
}

console.log(`seed ${values.seed}`);
const bundle = await bundleTargets();
try {
  for (const name of values.target) await fuzzTarget(bundle.file, name);
} finally {
  await bundle.remove();
}
console.log(`${findings} findings`);
process.exitCode = findings === 0 ? 0 : 1;
