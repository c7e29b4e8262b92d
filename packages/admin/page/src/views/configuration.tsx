import type { JSX } from 'preact';
import type { Certificates as CertificatesAnswer } from '../../../src/schemas/certificates.ts';
import type { EffectiveConfig, OverlayLine } from '../../../src/schemas/config.ts';
import type { Generations as GenerationsAnswer } from '../../../src/schemas/generations.ts';
import { ask } from '../base/api.ts';
import { whole } from '../base/format.ts';
import { usePolled } from '../base/hooks.ts';
import { Action } from '../parts/action.tsx';
import { Loaded } from '../parts/loaded.tsx';
import { Mark } from '../parts/mark.tsx';
import { MissingWorkers } from '../parts/problem.tsx';
import { Table } from '../parts/table.tsx';
import { When } from '../parts/when.tsx';

/** The configuration, the changes over it, and those of before that are still in use. */
export function Configuration(): JSX.Element {
  const config = usePolled<EffectiveConfig>('config', 5_000);
  return (
    <>
      <Generations />
      <Certificates />
      <Loaded of={config}>
        {({ hash, file, effective, overlays }) => (
          <>
            <Overlays overlays={overlays} hash={hash} refresh={config.refresh} />
            <section>
              <h2>Effective configuration</h2>
              <dl class="facts">
                <dt>File</dt>
                <dd class="long">{file ?? 'none'}</dd>
                <dt>Hash</dt>
                <dd class="long">
                  <code>{hash}</code>
                </dd>
              </dl>
              <pre tabIndex={0} role="region" aria-label="Effective configuration">
                {JSON.stringify(effective, null, 2)}
              </pre>
            </section>
          </>
        )}
      </Loaded>
    </>
  );
}

function Generations(): JSX.Element {
  const generations = usePolled<GenerationsAnswer>('generations', 2_000);
  return (
    <section>
      <h2>Generations</h2>
      <Loaded of={generations}>
        {({ workers, missing }) => (
          <>
            <MissingWorkers missing={missing} />
            <Table
              caption="Configurations in use"
              none="None."
              rows={workers.flatMap(({ worker, generations: own }) => own.map((one) => ({ ...one, worker })))}
              rowKey={({ worker, number }) => `${worker} ${number}`}
              columns={[
                { title: 'Generation', heading: true, cell: ({ number }) => number },
                { title: 'Worker', numeric: true, cell: ({ worker }) => worker },
                {
                  title: 'State',
                  cell: ({ state }) => <Mark tone={state === 'current' ? 'good' : 'quiet'}>{state}</Mark>,
                },
                { title: 'Since', cell: ({ since }) => <When at={since} /> },
                { title: 'Client connections', numeric: true, cell: ({ connections }) => whole(connections) },
                { title: 'Ends by', cell: ({ endsBy }) => (endsBy === undefined ? '–' : <When at={endsBy} />) },
              ]}
            />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Certificates(): JSX.Element {
  const certificates = usePolled<CertificatesAnswer>('certificates', 60_000);
  return (
    <section>
      <h2>Certificates</h2>
      <Loaded of={certificates}>
        {(answer) => (
          <Table
            caption="Certificates"
            none="No certificate is configured."
            rows={answer.certificates}
            rowKey={({ setting, sha256 }) => `${setting} ${sha256}`}
            columns={[
              { title: 'Subject', heading: true, long: true, cell: ({ subject }) => subject },
              { title: 'Names', long: true, cell: ({ names }) => names.join(', ') },
              { title: 'Valid until', cell: ({ notAfter }) => <When at={notAfter} /> },
              { title: 'Issuer', long: true, cell: ({ issuer }) => issuer },
              { title: 'Setting', cell: ({ setting }) => <code>{setting}</code> },
              { title: 'File', cell: ({ file }) => <code>{file}</code> },
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

interface OverlaysProps {
  readonly overlays: readonly OverlayLine[];
  readonly hash: string;
  readonly refresh: () => void;
}

function Overlays({ overlays, hash, refresh }: OverlaysProps): JSX.Element {
  return (
    <section>
      <h2>Changes over the file</h2>
      <Table
        caption="Changes over the file"
        none="None: what the file says is in force."
        rows={overlays}
        rowKey={({ id }) => id}
        columns={[
          { title: 'Change', heading: true, long: true, cell: ({ patch }) => <code>{JSON.stringify(patch)}</code> },
          { title: 'By', cell: ({ by }) => by },
          { title: 'Made', cell: ({ at }) => <When at={at} /> },
          { title: 'Expires', cell: ({ expires }) => <When at={expires} /> },
          {
            title: 'Remove',
            cell: ({ id }) => (
              <Action
                needs="change"
                danger
                label={`Remove change ${id}`}
                question={{
                  title: 'Remove this change?',
                  detail: 'What the file says is in force again.',
                  action: 'Remove it',
                }}
                run={async () => {
                  const headers = { 'if-match': `"${hash}"` };
                  await ask(`config/overlays/${encodeURIComponent(id)}`, { method: 'DELETE', headers });
                  refresh();
                  return `The change ${id} was removed.`;
                }}
              >
                Remove
              </Action>
            ),
          },
        ]}
      />
    </section>
  );
}
