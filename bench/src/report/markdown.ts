import { evaluate, ratioOf, type Evaluation } from '../figures/bar.ts';
import { formatFigure, METRIC_NAMES, METRICS, valuesByRound, type Metric, type Sample } from '../figures/metrics.ts';
import { spread, type Spread } from '../figures/statistics.ts';
import type { Case, Workload } from '../workloads.ts';
import { beforeAndAfter } from './before-and-after.ts';
import type { ReportInput } from './report-input.ts';
import { table } from './table.ts';

/** `median (min–max)` */
export function formatSpread(value: Spread | undefined, format: (number: number) => string): string {
  if (value === undefined) return '–';
  return value.count === 1
    ? format(value.median)
    : `${format(value.median)} (${format(value.min)}–${format(value.max)})`;
}

/** The whole report. Charts are expected in `charts/`. */
export function markdownReport(input: ReportInput): string {
  const ours = oursOf(input);
  const sections = [
    `# Benchmark, ${input.date.slice(0, 10)}`,
    introduction(input),
    voidSection(input.samples),
    beforeAndAfter(input),
    `## The bar\n\n${barTable(evaluate(input.samples, ours), input.workloads)}`,
    ...input.workloads.map((workload) => workloadSection(input, workload)),
    `## Machine and versions\n\n${machineTable(input)}`,
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function oursOf({ participants }: ReportInput): string[] {
  return participants.filter(({ family }) => family === 'ours').map(({ name }) => name);
}

function introduction(input: ReportInput): string {
  const { rounds, seconds, quick, notes } = input;
  const length = `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s`;
  const lines = [
    `${length} for every proxy in every workload, in turns. One process on one core; load and origins on another. Figures are the median over the rounds, with the smallest and largest in parentheses. How it was measured and how to read it: [README](README.md).`,
  ];
  const dates = (input.earlier ?? []).map(({ date }) => date);
  if (dates.length > 0)
    lines.push(`The rounds of several runs: before those of this one come those of ${dates.join(', ')}.`);
  if (quick)
    lines.push('This was a quick run: short measurements, smaller volumes, few rounds. It is for a first look only.');
  lines.push(...notes.map((note) => `Not complete: ${note}.`));
  return lines.join('\n\n');
}

function voidSection(samples: readonly Sample[]): string {
  const failed = samples.filter(({ faults }) => faults.length > 0);
  if (failed.length === 0) return 'Every answer of every measurement was complete and right.';
  const lines = failed.map(({ peer, case: id, round, faults }) => {
    const when = round === 0 ? 'while warming up' : `round ${round}`;
    return `- **${peer}**, case ${id}, ${when}: ${faults.join('; ').replaceAll(/\s+/g, ' ')}`;
  });
  return `## VOID\n\nThese measurements failed and count nowhere:\n\n${lines.join('\n')}`;
}

function ratioText(ratio: number): string {
  return ratio.toFixed(2);
}

function barTable(evaluations: readonly Evaluation[], workloads: readonly Workload[]): string {
  const titles = new Map(workloads.flatMap(({ cases }) => cases.map(({ id, title }) => [id, title] as const)));
  const rows = evaluations
    .filter(({ case: id }) => titles.has(id))
    .map(({ requirement, ours, case: id, ratio, met }) => [
      requirement.title,
      `${id}: ${titles.get(id)}`,
      'peers' in requirement.against ? requirement.against.peers.join(', ') : `case ${requirement.against.ownCase}`,
      ours,
      `${requirement.atLeast === true ? '≥' : '≤'} ${ratioText(requirement.limit)}`,
      formatSpread(ratio, ratioText),
      met === undefined ? 'not measured' : met ? 'met' : '**missed**',
    ]);
  return table(['requirement', 'case', 'against', 'ours', 'bar', 'reached', ''], rows);
}

function workloadSection(input: ReportInput, workload: Workload): string {
  const parts = [`## ${workload.number}. ${workload.title}`, workload.about];
  const rates = [...(input.earlier ?? []), input]
    .map(({ fixedRate }) => fixedRate)
    .filter((rate) => rate !== undefined);
  if (workload.cases.some(({ direct }) => direct) && rates.length > 0) {
    parts.push(`The rate was ${rates.join(', then ')} requests per second.`);
  }
  for (const each of workload.cases) {
    if (workload.cases.length > 1)
      parts.push(`### ${workload.number === 11 ? `${each.title} routes and rules` : each.title}`);
    parts.push(caseSection(input, workload, each));
  }
  if (workload.number === 11) parts.push('![Processor time over the number of routes](charts/11.svg)');
  return parts.join('\n\n');
}

function caseSection(input: ReportInput, workload: Workload, each: Case): string {
  const measured = input.samples.filter((sample) => sample.case === each.id);
  const names = [...new Set(measured.map(({ peer }) => peer))];
  if (names.length === 0) return 'Not measured.';
  const parts = [figureTable(measured, names, each.id)];
  const ratios = ratioTable(measured, names, oursOf(input), each.id, workload.metric);
  if (ratios !== '') parts.push(ratios);
  if (workload.number !== 11) parts.push(`![${METRICS[workload.metric].title}](charts/${each.id}.svg)`);
  return parts.join('\n\n');
}

function figureTable(samples: readonly Sample[], names: readonly string[], caseId: string): string {
  const metrics = METRIC_NAMES.filter((metric) => samples.some(({ figures }) => figures[metric] !== undefined));
  const rows = names.map((name) => [
    name,
    ...metrics.map((metric) => {
      const values = spread([...valuesByRound(samples, caseId, name, metric).values()]);
      return formatSpread(values, (value) => formatFigure(metric, value));
    }),
  ]);
  return table(['', ...metrics.map((metric) => `${METRICS[metric].title}, ${METRICS[metric].unit}`)], rows);
}

/** Ours over each of the others, in the metric of the workload. */
function ratioTable(
  samples: readonly Sample[],
  names: readonly string[],
  ours: readonly string[],
  caseId: string,
  metric: Metric,
): string {
  const others = names.filter((name) => !ours.includes(name) && valuesByRound(samples, caseId, name, metric).size > 0);
  const present = ours.filter((name) => names.includes(name));
  if (others.length === 0 || present.length === 0) return '';
  const rows = present.map((name) => [
    name,
    ...others.map((other) =>
      formatSpread(spread([...ratioOf(samples, caseId, metric, name, other).values()]), ratioText),
    ),
  ]);
  return table([`${METRICS[metric].title}, ours over`, ...others], rows);
}

function machineTable({ machine, participants, originName, date }: ReportInput): string {
  const rows = [
    ['processor', machine.processor],
    ['cores', String(machine.cores)],
    ['memory', `${(machine.memory / 2 ** 30).toFixed(1)} GiB`],
    ['system', `${machine.system}, Linux ${machine.kernel}`],
    ['load average at the start', machine.loadBefore.toFixed(2)],
    ['Node', machine.node],
    ['origin', originName],
    ...participants.map(({ name, version }) => [name, version]),
    ['when', date],
  ];
  return table(['', ''], rows);
}
