import type { Denials, Errors } from '@inband/admin';
import type { Denial, Failure } from '../../observe/recent.ts';
import type { Answers, ProcessQuestion } from './process-question.ts';

/** Of all processes together. */
const MOST = 100;

/** What was denied lately. */
export const denials: ProcessQuestion<undefined, Denial[], Denials> = {
  answer: ({ running }) => running.observed?.recent.denials() ?? [],
  merge: newest,
};

/** What failed lately. */
export const errors: ProcessQuestion<undefined, Failure[], Errors> = {
  answer: ({ running }) => running.observed?.recent.errors() ?? [],
  merge: newest,
};

function newest<Line extends { readonly at: string }>({ answers, missing }: Answers<Line[]>) {
  const all = answers.flatMap(({ worker, answer }) => answer.map((line) => ({ ...line, worker })));
  const recent = all.toSorted((a, b) => (a.at < b.at ? 1 : -1)).slice(0, MOST);
  return { recent, missing: [...missing] };
}
