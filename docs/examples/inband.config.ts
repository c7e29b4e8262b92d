import { defineConfig } from 'inband';

// A module can compute what a file would repeat.
const backends = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => `${address}:80`);

export default defineConfig({
  listeners: [{ bind: '127.0.0.1:8080', service: 'web' }],
  services: {
    web: {
      mode: 'reverse',
      http: { maxBody: '10MiB' },
      routes: [{ chainer: { type: 'failover', hosts: backends, policy: 'sticky' } }],
    },
  },
});
