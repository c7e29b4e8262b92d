import type { ComponentChildren, JSX } from 'preact';
import type { Polled } from '../base/hooks.ts';
import { ProblemNote } from './problem.tsx';

interface LoadedProps<Answer> {
  readonly of: Polled<Answer>;
  readonly children: (answer: Answer) => ComponentChildren;
}

/** What came, and why the next is missing. */
export function Loaded<Answer>({ of: { answer, error }, children }: LoadedProps<Answer>): JSX.Element {
  return (
    <>
      {error !== undefined && <ProblemNote error={error} />}
      {answer === undefined ? error === undefined && <p class="none">Loading …</p> : children(answer)}
    </>
  );
}
