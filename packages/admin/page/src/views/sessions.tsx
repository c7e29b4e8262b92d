import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ClusterSession, ClusterSessions } from '../../../src/schemas/cluster/sessions.ts';
import type { Session, Sessions as Answer } from '../../../src/schemas/sessions.ts';
import { ask, withQuery } from '../base/api.ts';
import { bytes, duration, whole } from '../base/format.ts';
import { usePolled, useSettled } from '../base/hooks.ts';
import { useViewer } from '../base/session.ts';
import { Action } from '../parts/action.tsx';
import { Copyable } from '../parts/copy.tsx';
import { Field } from '../parts/field.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { MissingMembers, MissingWorkers } from '../parts/problem.tsx';
import { type Column, Table } from '../parts/table.tsx';

const KINDS = ['request', 'tunnel', 'upgrade'];
const SORTS = ['seconds', 'bytes', 'requestBytes', 'responseBytes', 'client', 'target'];
const ALL = 'all members';
/** Milliseconds between two questions: members tell their sessions every ten seconds. */
const SELDOM = 3_000;

/** What is going on. */
export function Sessions(): JSX.Element {
  const { hasCluster } = useViewer();
  const [query, setQuery] = useState({ target: '', client: '', service: '', kind: '', sort: 'seconds' });
  const [whose, setWhose] = useState('');
  const change = (name: keyof typeof query) => (value: string) => setQuery({ ...query, [name]: value });
  const settled = { ...useSettled(query), limit: 200 };
  return (
    <>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label="Target has" value={query.target} onValue={change('target')} placeholder="e.g. shop.example" />
        <Field label="Client" value={query.client} onValue={change('client')} placeholder="e.g. 192.0.2.7" />
        <Field label="Service" value={query.service} onValue={change('service')} />
        <Field label="Kind" value={query.kind} onValue={change('kind')} choices={KINDS} />
        <Field label="Largest first by" value={query.sort} onValue={change('sort')} choices={SORTS} />
        {hasCluster && (
          <Field label="Sessions of" value={whose} onValue={setWhose} choices={[ALL]} none="this member" />
        )}
      </form>
      {whose === ALL ? (
        <OfAllMembers path={withQuery('cluster/sessions', settled)} />
      ) : (
        <OfThisMember path={withQuery('sessions', settled)} />
      )}
    </>
  );
}

function OfThisMember({ path }: { path: string }): JSX.Element {
  const sessions = usePolled<Answer>(path);
  return (
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
            columns={[...COLUMNS, endColumn<Session>(sessions.refresh, () => true)]}
          />
        </>
      )}
    </Loaded>
  );
}

function OfAllMembers({ path }: { path: string }): JSX.Element {
  const sessions = usePolled<ClusterSessions>(path, SELDOM);
  return (
    <Loaded of={sessions}>
      {(answer) => (
        <>
          <MissingMembers missing={answer.missing} why={answer.why} />
          <p class="muted">
            {counted(answer)} of those that members tell: each the ones that last longest, every ten seconds
          </p>
          <Table
            caption="Sessions"
            none="No session matches."
            rows={answer.sessions}
            rowKey={({ member, id, worker }) => `${member} ${worker} ${id}`}
            columns={[
              { title: 'Member', long: true, cell: ({ member }: ClusterSession) => member },
              ...COLUMNS,
              endColumn<ClusterSession>(sessions.refresh, ({ member }) => member === answer.member),
            ]}
          />
        </>
      )}
    </Loaded>
  );
}

function counted({ sessions, total }: Pick<Answer, 'sessions' | 'total'>): string {
  if (sessions.length === total) return total === 1 ? '1 session' : `${whole(total)} sessions`;
  return `${whole(sessions.length)} of ${whole(total)} sessions`;
}

const COLUMNS: readonly Column<Session>[] = [
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
];

/** `may`: only the member that serves a session can end it. */
function endColumn<Row extends Session>(refresh: () => void, may: (row: Row) => boolean): Column<Row> {
  return {
    title: 'End',
    cell: (row) => (may(row) ? <End session={row} refresh={refresh} /> : '–'),
  };
}

function End({ session: { id, target, client }, refresh }: { session: Session; refresh: () => void }): JSX.Element {
  return (
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
  );
}
