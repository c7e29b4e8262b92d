import { fieldNameProblem, LATE_VARIABLES, parseTemplate, VARIABLE_NAMES } from '@inband/http-proxy';
import * as z from 'zod';
import { nearestKey } from '../problem/nearest-key.ts';

/** A value with variables. `hasServer`: whether it is used when a server has been connected to. */
export function template({ hasServer }: { readonly hasServer: boolean }) {
  return z.string({ error: 'expected a text; a number or true needs quotes' }).superRefine((text, context) => {
    const problem = templateProblem(text, hasServer);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

function templateProblem(text: string, hasServer: boolean): string | undefined {
  const read = parseTemplate(text);
  if ('problem' in read) return problemWith(read.problem, read.unknown);
  const late = hasServer ? undefined : read.variables.find((name) => LATE_VARIABLES.has(name));
  return late === undefined ? undefined : `"{${late}}" is not known here, because no server is connected to.`;
}

function problemWith(problem: string, unknown: string | undefined): string {
  const near = unknown === undefined ? undefined : nearestKey(unknown, VARIABLE_NAMES);
  if (near !== undefined) return `${problem}; did you mean "{${near}}"?`;
  return unknown === undefined ? `${problem}.` : `${problem}; there are ${VARIABLE_NAMES.join(', ')}.`;
}

/** What is wrong with the name of a field of an answer or (`isRequest`) a request. */
export function nameProblem(name: string, isRequest: boolean): string | undefined {
  const problem =
    !isRequest && name.toLowerCase() === 'date' ? 'the proxy writes this field itself' : fieldNameProblem(name);
  return problem && `${problem}.`;
}
