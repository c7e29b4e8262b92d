import type { JSX } from 'preact';
import type { ConfiguredRoutes } from '../../../src/schemas/routes.ts';
import { usePolled } from '../base/hooks.ts';
import { Loaded } from '../parts/loaded.tsx';
import { Table } from '../parts/table.tsx';

/** What clients get, by service. */
export function Routes(): JSX.Element {
  const routes = usePolled<ConfiguredRoutes>('routes', 10_000);
  return (
    <Loaded of={routes}>
      {({ services }) => services.map((service) => <Service key={service.name} service={service} />)}
    </Loaded>
  );
}

function Service({ service }: { service: ConfiguredRoutes['services'][number] }): JSX.Element {
  const { name, kind, listeners, policy, routes } = service;
  return (
    <section>
      <h2>
        {name} <span class="muted">{kind}</span>
      </h2>
      <dl class="facts">
        <dt>Listens on</dt>
        <dd>{listeners.length === 0 ? 'nothing; it is stacked' : listeners.join(', ')}</dd>
        <dt>Access</dt>
        <dd>{policy}</dd>
      </dl>
      <Table
        caption={`Routes of ${name}, in the order in which they are tried`}
        none="It has no routes."
        rows={routes}
        rowKey={(route) => route.name}
        columns={[
          { title: 'Matches', heading: true, long: true, cell: ({ match }) => match },
          { title: 'Chainer', cell: ({ chainer }) => chainer },
          { title: 'Servers', long: true, cell: ({ servers }) => servers?.join(', ') ?? 'what the client asks for' },
          { title: 'Place', long: true, cell: (route) => <code>{route.name}</code> },
        ]}
      />
    </section>
  );
}
