import type { JSX } from 'preact';
import type { ApiError } from '../base/api.ts';

/** Why something is missing or was refused, and what to change. */
export function ProblemNote({ error }: { error: ApiError }): JSX.Element {
  const { title, detail, setting, problems } = error.problem;
  return (
    <div class="problem" role="alert">
      <p>
        <strong>{title ?? 'It failed'}</strong> {detail}
      </p>
      {setting !== undefined && (
        <p>
          Setting: <code>{setting}</code>
        </p>
      )}
      {problems !== undefined && (
        <ul>
          {problems.map((problem) => (
            <li key={problem}>
              <code>{problem}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Workers whose part is missing from what is shown. */
export function MissingWorkers({ missing }: { missing: readonly number[] }): JSX.Element | null {
  if (missing.length === 0) return null;
  const names = missing.join(', ');
  return (
    <p class="problem" role="alert">
      <strong>Incomplete.</strong> {missing.length === 1 ? 'Worker' : 'Workers'} {names} did not answer in time.
    </p>
  );
}

interface MissingMembersProps {
  readonly missing: readonly string[];
  readonly why: string | null;
}

/** Members whose part is missing from what is shown. */
export function MissingMembers({ missing, why }: MissingMembersProps): JSX.Element | null {
  if (missing.length === 0 && why === null) return null;
  return (
    <p class="problem long" role="alert">
      <strong>Incomplete.</strong> {why ?? `Nothing was told by ${missing.join(', ')}.`}
    </p>
  );
}
