import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AddRoutes } from '../base/app-types.ts';

/** The built page; its sources are in `page/`. It stands at the same distance from `src` and from `dist`. */
const FOLDER = fileURLToPath(new URL('../../page-built', import.meta.url));
const DOCUMENT = 'index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing but this server's own files and API: no script in the document, no frame, no other host. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Its files have a hash of their content in the name, so that the content of a name never changes. */
const FOREVER = 'public, max-age=31536000, immutable';

/** The page. Its files are for everybody, because what it shows comes from the API. */
export const pageRoutes: AddRoutes = (app) => {
  const files = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name))]));
  const document = files.get(DOCUMENT);
  files.delete(DOCUMENT);
  app.get('/', { config: { role: 'none' }, schema: { hide: true } }, (_request, reply) =>
    reply
      .headers({
        'content-type': TYPES['.html'],
        'content-security-policy': POLICY,
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
      .send(document),
  );
  for (const [name, content] of files) {
    app.get(`/page/${name}`, { config: { role: 'none' }, schema: { hide: true } }, (_request, reply) =>
      reply.headers({ 'content-type': TYPES[extname(name)], 'cache-control': FOREVER }).send(content),
    );
  }
};
