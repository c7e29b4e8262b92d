import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ExplainedRequest, ExplainRequest } from '../../../src/schemas/explain.ts';
import { type ApiError, ask } from '../base/api.ts';
import { asApiError } from '../base/hooks.ts';
import { Field } from '../parts/field.tsx';
import { Mark, type Tone } from '../parts/mark.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';

const VERDICTS: Readonly<Record<ExplainedRequest['verdict'], Tone>> = { allow: 'good', deny: 'error', depends: 'deny' };

const EMPTY = {
  url: '',
  method: '',
  client: '',
  service: '',
  user: '',
  groups: '',
  certificate: '',
  fields: '',
  at: '',
  destination: '',
};
type Query = typeof EMPTY;

/** What is asked: nothing of what was left empty. */
function requestOf({ url, groups, fields, ...rest }: Query): ExplainRequest {
  const header = parts(fields);
  const named = parts(groups);
  return {
    url,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== '')),
    ...(named.length > 0 && { groups: named }),
    ...(header.length > 0 && { header }),
  };
}

/** One on each line: names of groups may have commas. */
function parts(written: string): string[] {
  return written
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What would become of a request. Nothing is connected to. */
export function Explain(): JSX.Element {
  const [query, setQuery] = useState(EMPTY);
  const [answer, setAnswer] = useState<ExplainedRequest>();
  const [error, setError] = useState<ApiError>();
  const change = (name: keyof Query) => (value: string) => setQuery({ ...query, [name]: value });
  const submit = async (): Promise<void> => {
    try {
      setAnswer(await ask<ExplainedRequest>('explain', { method: 'POST', body: requestOf(query) }));
      setError(undefined);
    } catch (problem) {
      setAnswer(undefined);
      setError(asApiError(problem));
    }
  };
  return (
    <>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Field
          label="URL"
          value={query.url}
          onValue={change('url')}
          placeholder="e.g. https://shop.example/"
          required
        />
        <Field label="Method" value={query.method} onValue={change('method')} placeholder="as a browser would" />
        <Field label="Client" value={query.client} onValue={change('client')} placeholder="127.0.0.1" />
        <Field label="Service" value={query.service} onValue={change('service')} placeholder="of the first listener" />
        <button class="primary">Explain</button>
        <details class="more">
          <summary>More about the request</summary>
          <div class="filters">
            <Field label="User" value={query.user} onValue={change('user')} placeholder="nobody" />
            <Field
              label="Groups"
              value={query.groups}
              onValue={change('groups')}
              placeholder="of the user, a line each"
              lines
            />
            <Field
              label="Certificate"
              value={query.certificate}
              onValue={change('certificate')}
              placeholder="a name in it"
            />
            <Field
              label="Header fields"
              value={query.fields}
              onValue={change('fields')}
              placeholder="name: value, a line each"
              lines
            />
            <Field label="Time" value={query.at} onValue={change('at')} placeholder="e.g. 2026-12-24T18:00Z" />
            <Field
              label="Destination"
              value={query.destination}
              onValue={change('destination')}
              placeholder="of an intercepted client"
            />
          </div>
        </details>
      </form>
      <div aria-live="polite">
        {error !== undefined && <ProblemNote error={error} />}
        {answer !== undefined && <Explanation answer={answer} />}
      </div>
    </>
  );
}

function Explanation({ answer }: { answer: ExplainedRequest }): JSX.Element {
  const facts: [string, string | undefined][] = [
    ['Rule', answer.rule],
    ['Status', answer.status === undefined ? undefined : `${answer.status} ${answer.error ?? ''}`],
    ['Client', `${answer.client} (${answer.clientZones.join(', ')})`],
    ['Service', [...answer.through, answer.service].join(' → ')],
    ['Route', answer.route],
    ['Chainer', answer.chainer],
  ];
  return (
    <section>
      <h2>
        <Mark tone={VERDICTS[answer.verdict]}>{answer.verdict}</Mark>
      </h2>
      <p class="long">{answer.reason}</p>
      <dl class="facts">
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <>
              <dt key={name}>{name}</dt>
              <dd class="long">{value}</dd>
            </>
          ),
        )}
      </dl>
      <h3>Steps</h3>
      <ol class="steps">
        {answer.steps.map(({ name, outcome }) => (
          <li key={name}>
            <strong>{name}</strong> {outcome}
          </li>
        ))}
      </ol>
      {answer.pool !== undefined && <Choice pool={answer.pool} />}
      <h3>Servers</h3>
      <Table
        caption="Servers"
        none="No server is known before the request is sent."
        rows={answer.servers}
        rowKey={({ address }) => address}
        columns={[
          { title: 'Address', heading: true, long: true, cell: ({ address }) => <code>{address}</code> },
          { title: 'Zones', cell: ({ zones }) => zones.join(', ') },
          { title: 'Verdict', cell: ({ verdict }) => <Mark tone={VERDICTS[verdict]}>{verdict}</Mark> },
          { title: 'Rule', long: true, cell: ({ rule }) => rule },
        ]}
      />
    </section>
  );
}

function Choice({ pool }: { readonly pool: NonNullable<ExplainedRequest['pool']> }): JSX.Element {
  return (
    <>
      <h3>Choice</h3>
      <Table
        caption="Servers of the pool"
        none="The pool has no servers."
        rows={pool.candidates}
        rowKey={({ address }) => address}
        columns={[
          { title: 'Address', heading: true, long: true, cell: ({ address }) => <code>{address}</code> },
          { title: 'Weight', cell: ({ weight }) => Number(weight.toFixed(2)) },
          { title: 'Sessions', cell: ({ sessions }) => sessions },
          {
            title: 'Choice',
            long: true,
            cell: ({ address, passedOver }) =>
              address === pool.picked ? <strong>picked: {pool.because}</strong> : (passedOver ?? 'could be picked'),
          },
        ]}
      />
    </>
  );
}
