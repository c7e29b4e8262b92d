import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../load-config.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-pages-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

const listeners = 'listeners: [{ bind: "127.0.0.1:0", service: web }]\n';
const service = (pages: string) =>
  `services:\n  web:\n    mode: forward\n    routes: [{ chainer: { type: inband } }]\n    http:\n      errorPages: ${pages}\n`;

/** Loads a configuration with these pages. */
async function load(pages: string, known?: Parameters<typeof loadConfig>[1]) {
  await write('a.yaml', listeners + service(pages));
  return loadConfig(join(folder, 'a.yaml'), known);
}

/** The lines of the error, without the folder. */
async function problems(pages: string): Promise<string[]> {
  const failure: unknown = await load(pages).then(
    () => undefined,
    (error: unknown) => error,
  );
  return String(failure instanceof Error ? failure.message : failure)
    .replaceAll(`${folder}/`, '')
    .split('\n');
}

describe('the files of error pages', () => {
  test('are read beside the configuration, by code, status and default', async () => {
    await write('pages/denied.html', '<p>{{detail}}</p>');
    await write('all.html', '{{status}}');
    const pages = '{ 403: pages/denied.html, dns_error: all.html, default: all.html }';
    const [{ errorPages }] = await load(pages);
    expect(errorPages.pages.get('web')).toEqual({
      403: '<p>{{detail}}</p>',
      dns_error: '{{status}}',
      default: '{{status}}',
    });
  });

  test('are relative to the file that names them, also where that is included', async () => {
    await write('more/pages/a.html', 'mine');
    await write('more/web.yaml', service('{ 403: pages/a.html }'));
    await write('main.yaml', `include: more/web.yaml\n${listeners}`);
    const [{ errorPages }] = await loadConfig(join(folder, 'main.yaml'));
    expect(errorPages.pages.get('web')).toEqual({ 403: 'mine' });
  });

  test('are among the files that are watched and given to workers, which do not read them again', async () => {
    await write('a.html', 'first');
    const [, source] = await load('{ 403: a.html }');
    expect(source.files?.texts).toHaveProperty([join(folder, 'a.html')], 'first');
    await write('a.html', 'second');
    const [{ errorPages }] = await load('{ 403: a.html }', source.files);
    expect(errorPages.pages.get('web')).toEqual({ 403: 'first' });
  });

  test('are refused where something is wrong with them, each with its place', async () => {
    await write('wrong.html', '<p>\n{{detial}}</p>');
    await write('open.html', '{{#id}}');
    await write('utf-16.html', Buffer.from('\ufeffabc', 'utf16le'));
    await write('large.html', Buffer.alloc(256 * 1024 + 1, 'a'));
    await mkdir(join(folder, 'folder'));
    const keys = [
      '{',
      '403: wrong.html,',
      '404: open.html,',
      '502: none.html,',
      '504: utf-16.html,',
      '500: large.html,',
    ];
    const found = await problems(
      [...keys, '503: folder,', '418: open.html,', 'dns_eror: open.html }'].join('\n        '),
    );
    expect(found).toEqual([
      expect.stringMatching(/errorPages\.403: wrong\.html:2: unknown field "detial"; did you mean "detail"\?$/),
      expect.stringMatching(/errorPages\.404: open\.html:1: \{\{#id\}\} is never closed\.$/),
      expect.stringMatching(/errorPages\.502: none\.html: the file cannot be read: ENOENT/),
      expect.stringMatching(/errorPages\.504: utf-16\.html: .* it is in UTF-16; save it as UTF-8\.$/),
      expect.stringMatching(/errorPages\.500: large\.html: .* more than 262144 bytes, which is the largest\.$/),
      expect.stringMatching(/errorPages\.503: folder: .* it is not a regular file\.$/),
      expect.stringMatching(/errorPages\.418: no error of the proxy has the status 418; answers of servers pass/),
      expect.stringMatching(/errorPages\.dns_eror: unknown error "dns_eror"; did you mean "dns_error"\?$/),
    ]);
  });
});
