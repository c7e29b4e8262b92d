import type { JSX } from 'preact';
import type { Denials as DenialsAnswer, Errors as ErrorsAnswer } from '../../../src/schemas/recent.ts';
import { usePolled } from '../base/hooks.ts';
import { Copyable } from '../parts/copy.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { MissingWorkers } from '../parts/problem.tsx';
import { When } from '../parts/when.tsx';

interface Entry {
  readonly at: string;
  readonly id: string;
  readonly client: string;
  readonly service: string;
  readonly target: string;
  /** The rule, or the code of the error. */
  readonly cause: string;
  readonly reason: string;
  readonly advice: string;
}

/** What was refused, by which rule, and what would allow it. */
export function Denials(): JSX.Element {
  const denials = usePolled<DenialsAnswer>('denials', 2_000);
  return (
    <Loaded of={denials}>
      {({ recent, missing }) => (
        <Entries
          tone="deny"
          missing={missing}
          none="Nothing was denied."
          entries={recent.map((entry) => ({ ...entry, cause: entry.rule }))}
          help="What would allow it"
        />
      )}
    </Loaded>
  );
}

/** What failed, and what to do. */
export function Errors(): JSX.Element {
  const errors = usePolled<ErrorsAnswer>('errors', 2_000);
  return (
    <Loaded of={errors}>
      {({ recent, missing }) => (
        <Entries
          tone="error"
          missing={missing}
          none="Nothing has failed."
          entries={recent.map((entry) => ({ ...entry, cause: entry.code }))}
          help="What to do"
        />
      )}
    </Loaded>
  );
}

interface EntriesProps {
  readonly tone: 'deny' | 'error';
  readonly entries: readonly Entry[];
  readonly missing: readonly number[];
  readonly none: string;
  readonly help: string;
}

function Entries({ tone, entries, missing, none, help }: EntriesProps): JSX.Element {
  return (
    <>
      <MissingWorkers missing={missing} />
      {entries.length === 0 && <p class="none">{none}</p>}
      <ul class={`entries entries-${tone}`}>
        {entries.map((entry) => (
          <li key={`${entry.at} ${entry.id}`}>
            <h2 class="long">{entry.target === '' ? 'a request that could not be understood' : entry.target}</h2>
            <p class="muted">
              <When at={entry.at} /> · {entry.client} · {entry.service} · <Copyable text={entry.id} />
            </p>
            <p class="long">
              <code>{entry.cause}</code> {entry.reason === entry.cause ? '' : entry.reason}
            </p>
            {entry.advice !== '' && (
              <p class="advice long">
                <strong>{help}:</strong> {entry.advice}
              </p>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
