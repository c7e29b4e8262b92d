import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, valuesByRound } from '../figures/metrics.ts';
import { median, spread } from '../figures/statistics.ts';
import type { Case, Workload } from '../workloads.ts';
import { markdownReport } from './markdown.ts';
import type { ReportInput } from './report-input.ts';
import { barChart, lineChart, type Bar, type Line } from './svg.ts';

/** Writes report.md, charts/*.svg and results.json into `directory`; returns the path of the report. */
export function writeReport(directory: string, input: ReportInput): string {
  const charts = join(directory, 'charts');
  mkdirSync(charts, { recursive: true });
  for (const workload of input.workloads) {
    for (const [name, chart] of chartsOf(input, workload)) writeFileSync(join(charts, `${name}.svg`), chart);
  }
  const { workloads: _, ...results } = input;
  writeFileSync(join(directory, 'results.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  const path = join(directory, 'report.md');
  writeFileSync(path, markdownReport(input));
  return path;
}

function chartsOf(input: ReportInput, workload: Workload): [string, string][] {
  const { title, unit } = METRICS[workload.metric];
  if (workload.number === 11)
    return [['11', lineChart(`${workload.title}: ${title}`, unit, routeLines(input, workload))]];
  return workload.cases.map((each) => {
    const heading = `${workload.title}, ${each.title}: ${title}`;
    return [each.id, barChart(heading, unit, barsOf(input, workload, each), METRICS[workload.metric].digits)];
  });
}

function barsOf({ participants, samples }: ReportInput, workload: Workload, each: Case): Bar[] {
  return participants.flatMap(({ name, family }) => {
    const values = spread([...valuesByRound(samples, each.id, name, workload.metric).values()]);
    if (values === undefined) return [];
    return [{ label: name, value: values.median, min: values.min, max: values.max, ours: family === 'ours' }];
  });
}

function routeLines({ participants, samples }: ReportInput, workload: Workload): Line[] {
  const ours = participants.filter(({ family }) => family === 'ours');
  return ours.map(({ name }) => ({
    label: name,
    points: workload.cases.flatMap((each) => {
      const values = [...valuesByRound(samples, each.id, name, workload.metric).values()];
      return values.length === 0 ? [] : [{ x: Number(each.title), y: median(values) }];
    }),
  }));
}
