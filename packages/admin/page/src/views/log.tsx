import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { withQuery } from '../base/api.ts';
import { bytes, clock, milliseconds } from '../base/format.ts';
import { useSettled } from '../base/hooks.ts';
import { type LogEntry, useLog } from '../base/log-stream.ts';
import { Field } from '../parts/field.tsx';
import { Mark, type Tone } from '../parts/mark.tsx';
import { ProblemNote } from '../parts/problem.tsx';

const VERDICTS = ['accepted', 'denied-by-policy', 'connection-failed', 'aborted'];
const LEVELS = ['debug', 'info', 'warn', 'error'];
const TONES: Readonly<Record<string, Tone>> = {
  accepted: 'good',
  'denied-by-policy': 'deny',
  'connection-failed': 'error',
  aborted: 'quiet',
  warn: 'deny',
  error: 'error',
  fatal: 'error',
};

/** The log as it is written, the newest line first. */
export function Log(): JSX.Element {
  const [running, setRunning] = useState(true);
  const [query, setQuery] = useState({ verdict: '', service: '', client: '', target: '', level: '' });
  const change = (name: keyof typeof query) => (value: string) => setQuery({ ...query, [name]: value });
  const { entries, connected, error } = useLog(withQuery('log', useSettled(query)), running);
  return (
    <>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label="Verdict" value={query.verdict} onValue={change('verdict')} choices={VERDICTS} />
        <Field label="Level of messages" value={query.level} onValue={change('level')} choices={LEVELS} />
        <Field label="Target has" value={query.target} onValue={change('target')} placeholder="e.g. shop.example" />
        <Field label="Client" value={query.client} onValue={change('client')} placeholder="e.g. 192.0.2.7" />
        <Field label="Service" value={query.service} onValue={change('service')} />
        <button type="button" aria-pressed={!running} onClick={() => setRunning(!running)}>
          {running ? 'Pause' : 'Go on'}
        </button>
      </form>
      {error !== undefined && <ProblemNote error={error} />}
      <p class="muted">{said(running, connected)}</p>
      {entries.length === 0 && <p class="none">No line yet. Lines are shown from now on.</p>}
      <div class="log" tabIndex={0} role="log" aria-live="off" aria-label="Log, the newest line first">
        <ol>
          {entries.map((entry) => (
            <Line key={entry.key} entry={entry} />
          ))}
        </ol>
      </div>
    </>
  );
}

function said(running: boolean, connected: boolean): string {
  if (!running) return 'Paused: lines that are written now are not shown later.';
  return connected ? 'Following; at most 500 lines are kept.' : 'Connecting …';
}

function Line({ entry: { event, data } }: { entry: LogEntry }): JSX.Element {
  const fields = fieldsOf(data);
  if (event === 'lost') return <li class="lost">{textOf(fields?.lines)} lines were too many for this reader.</li>;
  if (fields === undefined) return <li>{data}</li>;
  return (
    <li>
      <details>
        <summary>{event === 'session' ? <SessionLine fields={fields} /> : <MessageLine fields={fields} />}</summary>
        <pre>{JSON.stringify(fields, null, 2)}</pre>
      </details>
    </li>
  );
}

type Fields = Readonly<Record<string, unknown>>;

function SessionLine({ fields }: { fields: Fields }): JSX.Element {
  const verdict = textOf(fields.verdict);
  const numbers = [
    textOf(fields.status),
    typeof fields.bytesOut === 'number' ? bytes(fields.bytesOut) : '',
    typeof fields.ms === 'number' ? milliseconds(fields.ms) : '',
  ];
  return (
    <>
      <time>{timeOf(fields)}</time> <Mark tone={TONES[verdict] ?? 'quiet'}>{verdict}</Mark>{' '}
      <span class="long">
        {textOf(fields.method)} {textOf(fields.target)}
      </span>{' '}
      <span class="muted">
        {[textOf(fields.client), ...numbers, textOf(fields.why)].filter((text) => text !== '').join(' · ')}
      </span>
    </>
  );
}

function MessageLine({ fields }: { fields: Fields }): JSX.Element {
  const level = textOf(fields.level);
  return (
    <>
      <time>{timeOf(fields)}</time> <Mark tone={TONES[level] ?? 'quiet'}>{level}</Mark>{' '}
      <span class="long">{textOf(fields.msg)}</span>
    </>
  );
}

function fieldsOf(data: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}

function timeOf({ time }: Fields): string {
  return typeof time === 'string' || typeof time === 'number' ? clock(time) : '';
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
