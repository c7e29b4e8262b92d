import type { FilterParents } from '@inband/http-proxy';
import { childLogger } from '../../log/logging.ts';
import type { Ref } from '../plan/planned.ts';
import { LateParents } from './filters/late-parents.ts';
import type { ParentsByUrlDeps } from './filters/parents-by-url.ts';
import { serviceFilter } from './filters/service-filter.ts';
import type { Make, Maker } from './made.ts';

export const makeFilter: Make<'filter'> = ({ value }, { deps }) => {
  const filter = value.from === 'plugin' ? value.type : 'function';
  return serviceFilter(value, deps.registry, childLogger(deps.logger, { filter, service: value.service }));
};

/** What reaches the parents that the filters of a service choose, which are the operator's choice. */
export function filterParents(resolver: Ref<'resolver'>, { deps, get }: Maker): FilterParents {
  const { establisher, logger, onServerHandshake, ticketKeys } = deps;
  const parents: ParentsByUrlDeps = {
    establishConnection: establisher('operator'),
    establishFor: establisher,
    resolver: get(resolver),
    logger,
    ownKey: ticketKeys && (() => ticketKeys.current.own),
    loadTls: async () => {
      const module = await import('@inband/tls');
      return new module.ServerLayers({
        settings: {
          verify: true,
          servername: undefined,
          ca: undefined,
          crl: undefined,
          cert: undefined,
          key: undefined,
          pin: [],
          minVersion: '1.2',
        },
        implementation: module.loadTls({ warn: (message) => logger.warn({}, message) }),
        trust: undefined,
        identity: undefined,
        onHandshake: onServerHandshake,
      });
    },
  };
  return new LateParents(async () => {
    const { ParentsByUrl } = await import('./filters/parents-by-url.ts');
    return new ParentsByUrl(parents);
  });
}
