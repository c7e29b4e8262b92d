import { cruise, type ICruiseResult, type IViolation } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { join } from 'node:path';
import { type Circle, folderCircles } from './folder-circles.ts';

/**
 * `pnpm walls`: checks the repository in the current directory by the rules of `.dependency-cruiser.mjs`, and for circles
 * between folders with all that is in them. Says what is wrong, one finding a paragraph, and ends with status 1 if
 * anything is.
 */
const RULES = join(import.meta.dirname, '../../.dependency-cruiser.mjs');
const FOLDERS = ['packages', 'apps', 'test', 'bench', 'docs'];

const { output } = await cruise(FOLDERS, await extractDepcruiseOptions(RULES));
const result = output as ICruiseResult;
const { violations, totalCruised } = result.summary;
const comments = new Map(result.summary.ruleSetUsed?.forbidden?.map(({ name, comment }) => [name, comment]));
const findings = new Set([...violations.map(wordViolation), ...hiddenCircles(result).map(wordCircle)]);
process.stdout.write(`${[...findings, `${totalCruised} files, ${findings.size} findings`].join('\n\n')}\n`);
process.exitCode = findings.size === 0 ? 0 : 1;

/** A circle is found once for each of its members, and always worded as it looks from the same one. */
function wordViolation({ rule, from, to, cycle }: IViolation): string {
  const way = cycle === undefined ? [from, to] : roundTrip(cycle.map(({ name }) => name));
  return `${rule.name}: ${way.join(' → ')}\n  ${comments.get(rule.name) ?? ''}`;
}

/**
 * The circles that no rule has named. Tests may import whatever of their package they test, and packages of others
 * import nothing of ours: both are in none.
 */
function hiddenCircles({ modules }: ICruiseResult): Circle[] {
  const named = new Set(violations.map(({ cycle }) => setOf(cycle?.map(({ name }) => name) ?? [])));
  const sources = modules.filter(({ source }) => !/[.]test[.]ts$|node_modules\//.test(source));
  const imports = sources.map(({ source, dependencies }) => ({
    source,
    targets: dependencies.filter(({ coreModule }) => !coreModule).map(({ resolved }) => resolved),
  }));
  return folderCircles(imports).filter(({ entries }) => !named.has(setOf(entries)));
}

function roundTrip(names: readonly string[]): string[] {
  const first = names.indexOf(names.toSorted()[0] ?? '');
  return [...names.slice(first), ...names.slice(0, first + 1)];
}

function setOf(names: readonly string[]): string {
  return names.toSorted().join(' ');
}

function wordCircle({ entries, steps }: Circle): string {
  const lines = steps.map(({ from, to }) => `  ${from} imports ${to}`);
  return `no-circle-of-entries: ${roundTrip(entries).join(' → ')}\n${lines.join('\n')}`;
}
