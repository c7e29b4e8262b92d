import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Session, Sessions as Answer } from '../../../src/schemas/sessions.ts';
import { ask, withQuery } from '../base/api.ts';
import { bytes, duration, whole } from '../base/format.ts';
import { usePolled, useSettled } from '../base/hooks.ts';
import { Action } from '../parts/action.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Field } from '../parts/field.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { MissingWorkers } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';

const KINDS = ['request', 'tunnel', 'upgrade'];
const SORTS = ['seconds', 'bytes', 'requestBytes', 'responseBytes', 'client', 'target'];

/** What is going on. */
export function Sessions(): JSX.Element {
  const [query, setQuery] = useState({ target: '', client: '', service: '', kind: '', sort: 'seconds' });
  const change = (name: keyof typeof query) => (value: string) => setQuery({ ...query, [name]: value });
  const sessions = usePolled<Answer>(withQuery('sessions', { ...useSettled(query), limit: 200 }));
  return (
    <>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label="Target has" value={query.target} onValue={change('target')} placeholder="e.g. shop.example" />
        <Field label="Client" value={query.client} onValue={change('client')} placeholder="e.g. 192.0.2.7" />
        <Field label="Service" value={query.service} onValue={change('service')} />
        <Field label="Kind" value={query.kind} onValue={change('kind')} choices={KINDS} />
        <Field label="Largest first by" value={query.sort} onValue={change('sort')} choices={SORTS} />
      </form>
      <Loaded of={sessions}>
        {(answer) => (
          <>
            <MissingWorkers missing={answer.missing} />
            <p class="muted">{counted(answer)}</p>
            <Table
              caption="Sessions"
              none="No session matches."
              rows={answer.sessions}
              rowKey={({ id, worker }) => `${worker} ${id}`}
              columns={columns(sessions.refresh)}
            />
          </>
        )}
      </Loaded>
    </>
  );
}

function counted({ sessions, total }: Answer): string {
  if (sessions.length === total) return total === 1 ? '1 session' : `${whole(total)} sessions`;
  return `${whole(sessions.length)} of ${whole(total)} sessions`;
}

function columns(refresh: () => void): readonly Column<Session>[] {
  return [
    {
      title: 'Target',
      heading: true,
      long: true,
      cell: ({ method, target }) => (
        <>
          <span class="muted">{method}</span> {target}
        </>
      ),
    },
    { title: 'Client', long: true, cell: ({ client }) => client },
    { title: 'State', cell: ({ kind, state }) => (kind === state ? kind : `${kind}, ${state}`) },
    { title: 'Server', long: true, cell: ({ server }) => (server === '' ? '–' : server) },
    { title: 'Age', numeric: true, cell: ({ seconds }) => duration(seconds) },
    { title: 'Sent', numeric: true, cell: ({ requestBytes }) => bytes(requestBytes) },
    { title: 'Received', numeric: true, cell: ({ responseBytes }) => bytes(responseBytes) },
    { title: 'Id', cell: ({ id }) => <Copyable text={id} /> },
    {
      title: 'End',
      cell: ({ id, target, client }) => (
        <Action
          needs="operate"
          danger
          label={`End ${id}`}
          question={{
            title: 'End this session?',
            detail: `${target}, asked for by ${client}. Its connections are closed at once.`,
            action: 'End it',
          }}
          run={async () => {
            await ask(`sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
            refresh();
            return `${id} was ended.`;
          }}
        >
          End
        </Action>
      ),
    },
  ];
}
