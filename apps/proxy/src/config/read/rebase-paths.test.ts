import { expect, test } from 'vitest';
import { rebasePaths } from './rebase-paths.ts';

test('paths of an included file become relative to the folder of the configuration', () => {
  const included = {
    admin: { bind: '127.0.0.1:0', tls: { cert: 'admin.pem', key: '/etc/ssl/admin.key' } },
    listeners: [
      { bind: ':1' },
      { tls: { certificates: [{ cert: 'a.pem', key: '/b.key' }, { dir: 'certs' }], ca: 'ca.pem', crl: ['crl.pem'] } },
    ],
    chainers: {
      web: { type: 'pool', servers: ['10.0.0.1:80', { file: 'servers.txt' }, { type: 'other', file: 'x' }] },
    },
    log: { file: 'log/inband.log' },
    zones: { office: { file: ['a.txt', 'b.txt'] }, lab: { networks: ['10.0.0.0/8'] } },
    services: {
      web: {
        http: { errorPages: { default: 'pages/error.html' } },
        access: [
          { deny: { hosts: ['a.example', { file: 'blocked.txt' }] } },
          { allow: { hosts: { file: ['/b.txt'] } } },
        ],
        routes: [
          { match: { host: { file: 'hosts.txt' } } },
          {
            chainer: {
              type: 'sidestack',
              service: 'a',
              chainer: { type: 'inband', tls: { ca: ['ca.pem'], crl: 'crl.pem', cert: 'c.pem' } },
            },
          },
        ],
      },
    },
    plugins: ['./plugin.ts', 'a-package'],
    tracing: { sdk: './sdk.ts' },
  };
  expect(rebasePaths(included, '/etc/inband/conf.d', '/etc/inband')).toEqual({
    admin: { bind: '127.0.0.1:0', tls: { cert: 'conf.d/admin.pem', key: '/etc/ssl/admin.key' } },
    listeners: [
      { bind: ':1' },
      {
        tls: {
          certificates: [{ cert: 'conf.d/a.pem', key: '/b.key' }, { dir: 'conf.d/certs' }],
          ca: 'conf.d/ca.pem',
          crl: ['conf.d/crl.pem'],
        },
      },
    ],
    chainers: {
      web: { type: 'pool', servers: ['10.0.0.1:80', { file: 'conf.d/servers.txt' }, { type: 'other', file: 'x' }] },
    },
    log: { file: 'conf.d/log/inband.log' },
    zones: { office: { file: ['conf.d/a.txt', 'conf.d/b.txt'] }, lab: { networks: ['10.0.0.0/8'] } },
    services: {
      web: {
        http: { errorPages: { default: 'conf.d/pages/error.html' } },
        access: [
          { deny: { hosts: ['a.example', { file: 'conf.d/blocked.txt' }] } },
          { allow: { hosts: { file: ['/b.txt'] } } },
        ],
        routes: [
          { match: { host: { file: 'conf.d/hosts.txt' } } },
          {
            chainer: {
              type: 'sidestack',
              service: 'a',
              chainer: { type: 'inband', tls: { ca: ['conf.d/ca.pem'], crl: 'conf.d/crl.pem', cert: 'conf.d/c.pem' } },
            },
          },
        ],
      },
    },
    plugins: ['./conf.d/plugin.ts', 'a-package'],
    tracing: { sdk: './conf.d/sdk.ts' },
  });
});

test('what has another type stays as it is, and so does everything of the same folder', () => {
  const wrong = {
    listeners: [7, { tls: 7 }, { tls: { certificates: [7], ca: 7 } }],
    admin: { tls: { cert: 5 } },
    log: 'no',
    zones: [],
    services: { web: 7 },
    plugins: 'x',
  };
  expect(rebasePaths(wrong, '/a', '/b')).toEqual(wrong);
  expect(rebasePaths({ log: { file: 'x' } }, '/a', '/a')).toEqual({ log: { file: 'x' } });
});

test('the files of secrets of chainers are relative to the file that names them', () => {
  const withFiles = (folder: string): object => ({
    services: {
      web: {
        routes: [
          { chainer: { type: 'pool', sticky: { cookie: 'srv', secretFile: `${folder}sticky.secret` } } },
          { chainer: { type: 'parent', auth: { user: 'ann', passwordFile: `${folder}password` } } },
          { chainer: { type: 'parent', auth: { tokenFile: `${folder}token` } } },
          { chainer: { type: 'parent', auth: 'pass' } },
        ],
      },
    },
  });
  expect(rebasePaths({ ...withFiles('') }, '/etc/inband/conf.d', '/etc/inband')).toEqual(withFiles('conf.d/'));
});
