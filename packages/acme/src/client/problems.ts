import { AcmeError } from '../base/acme-error.ts';
import type { Answer } from './ask.ts';
import { type Problem, problemSchema } from './schemas.ts';
import { retryAfter } from './retry-after.ts';

const NAMESPACE = 'urn:ietf:params:acme:error:';
/** Characters of a CA's text in an error. */
const LONGEST_TEXT = 500;

/** Whether the status says that the request was done. */
export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** The error of an answer that is none of success (RFC 8555 section 6.7). */
export function errorOf(answer: Answer, what: string, now: number): AcmeError {
  const problem = problemOf(answer.text);
  const type = typeOf(problem);
  const retryAt = retryAfter(answer.field('retry-after'), now);
  const text = problem === undefined ? `status ${String(answer.status)}` : describeProblem(problem);
  const details = { problem: type, retryAt };
  if (type === 'rateLimited' || answer.status === 429)
    return new AcmeError('rate-limited', `The CA limits ${what}: ${text}.`, details);
  if (answer.status >= 500) return new AcmeError('unreachable', `The CA cannot do ${what} now: ${text}.`, details);
  return new AcmeError('refused', `The CA refuses ${what}: ${text}.`, details);
}

/** What a problem says, with what it says of each name, in one line. */
export function describeProblem(problem: Problem): string {
  const parts = [problem, ...(problem.subproblems ?? [])].map((part) => {
    const name = 'identifier' in part ? `${part.identifier?.value ?? ''}: ` : '';
    return `${name}${part.detail ?? typeOf(part) ?? 'no reason given'}`;
  });
  // A CA may quote what a server answered, so control characters are possible.
  const line = parts
    .join('; ')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replace(/\.+$/u, '');
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT)}…` : line;
}

/** The type without its namespace. */
export function typeOf({ type }: { readonly type?: string | undefined } = {}): string | undefined {
  return type?.startsWith(NAMESPACE) === true ? type.slice(NAMESPACE.length) : type;
}

function problemOf(text: string): Problem | undefined {
  try {
    return problemSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
