import { expect, test } from 'vitest';
import { rebasePaths } from './rebase-paths.ts';

test('paths of an included file become relative to the folder of the configuration', () => {
  const included = {
    admin: { bind: '127.0.0.1:0', tls: { cert: 'admin.pem', key: '/etc/ssl/admin.key' } },
    log: { file: 'log/inband.log' },
    zones: { office: { file: ['a.txt', 'b.txt'] }, lab: { networks: ['10.0.0.0/8'] } },
    services: { web: { http: { errorPages: { default: 'pages/error.html' } } } },
    plugins: ['./plugin.ts', 'a-package'],
    tracing: { sdk: './sdk.ts' },
  };
  expect(rebasePaths(included, '/etc/inband/conf.d', '/etc/inband')).toEqual({
    admin: { bind: '127.0.0.1:0', tls: { cert: 'conf.d/admin.pem', key: '/etc/ssl/admin.key' } },
    log: { file: 'conf.d/log/inband.log' },
    zones: { office: { file: ['conf.d/a.txt', 'conf.d/b.txt'] }, lab: { networks: ['10.0.0.0/8'] } },
    services: { web: { http: { errorPages: { default: 'conf.d/pages/error.html' } } } },
    plugins: ['./conf.d/plugin.ts', 'a-package'],
    tracing: { sdk: './conf.d/sdk.ts' },
  });
});

test('what has another type stays as it is, and so does everything of the same folder', () => {
  const wrong = { admin: { tls: { cert: 5 } }, log: 'no', zones: [], services: { web: 7 }, plugins: 'x' };
  expect(rebasePaths(wrong, '/a', '/b')).toEqual(wrong);
  expect(rebasePaths({ log: { file: 'x' } }, '/a', '/a')).toEqual({ log: { file: 'x' } });
});
