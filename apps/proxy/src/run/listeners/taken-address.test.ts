import { createNodeTransport, type ListenOptions, type Transport } from '@inband/core';
import { expect, test } from 'vitest';
import { parseConfig } from '../../config/parse-config.ts';
import { InheritedSockets } from '../../handover/inherited-sockets.ts';
import { refuseTakenAddress } from './taken-address.ts';

test('the address of a tproxy listener, which need not be one of this machine, is tried as it will be bound', async () => {
  const source = {
    value: {
      listeners: [
        { bind: '203.0.113.5:3129', service: 'all', transparent: 'tproxy' },
        { bind: '127.0.0.1:3128', service: 'web' },
      ],
      services: {
        all: { mode: 'transparent', routes: [{ chainer: { type: 'transparent' } }] },
        web: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] },
      },
    },
    baseDirectory: '.',
  };
  const tried: (readonly [string, ListenOptions])[] = [];
  const usual = createNodeTransport();
  const transport: Transport = {
    ...usual,
    listen(bind, options) {
      tried.push(['address' in bind ? bind.address : '', options]);
      return usual.listen({ family: 'inet', address: '127.0.0.1', port: 0 }, {}, (connection) => connection.destroy());
    },
  };
  await refuseTakenAddress(await parseConfig(source), source, { transport, inherited: new InheritedSockets() });
  expect(tried).toEqual([
    ['203.0.113.5', { transparent: 'tproxy' }],
    ['127.0.0.1', {}],
  ]);
});
