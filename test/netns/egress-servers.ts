/**
 * What a build job asks for, in a namespace of its own: an npm registry, a package index of Python, a repository of git, and an API that wants a
 * login. Beside them what must not be reached. Arguments: a folder with `cert.pem`, `key.pem` and the files that are served, by host.
 * Prints a line for each request, and for each connection to what must not be reached.
 */
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';

const [, , folder = ''] = process.argv;
const cert = readFileSync(join(folder, 'cert.pem'));
const key = readFileSync(join(folder, 'key.pem'));

/** Names of which the files are served from the folder with that name. */
const WITH_FILES = ['registry.npmjs.org', 'pypi.org', 'files.pythonhosted.org', 'github.com'];
/** Where they are: 93.184.215.10 and so on, and the API behind them. */
const SERVED = [...WITH_FILES, 'api.example'].map((_name, index) => `93.184.215.${10 + index}`);
const FORBIDDEN = [
  ['93.184.215.66', 80],
  ['93.184.215.66', 443],
  ['93.184.215.10', 22],
  ['93.184.215.10', 80],
  ['10.0.0.5', 443],
  ['169.254.169.254', 80],
  ['169.254.169.254', 443],
] as const;

function say(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const web = SERVED.map((address) => {
  const server = createTlsServer({ cert, key }, ({ method, url = '/', headers }, response) => {
    const { host = '', authorization } = headers;
    say({ asked: `${method} ${host} ${url}`, authorization });
    if (host === 'api.example') {
      response.setHeader('location', 'https://api.example/next');
      return response.end('hello');
    }
    const path = new URL(url, 'https://h').pathname;
    try {
      if (!WITH_FILES.includes(host)) throw new Error('No files.');
      const name = path.endsWith('/') ? `${path}index.html` : path === '/left' ? '/left.json' : path;
      response.setHeader('content-type', name.endsWith('.html') ? 'text/html' : 'application/octet-stream');
      return response.end(readFileSync(join(folder, host, name)));
    } catch {
      response.statusCode = 404;
      return response.end();
    }
  });
  return new Promise<void>((ready) => void server.listen(443, address, ready));
});
const forbidden = FORBIDDEN.map(([address, port]) => {
  const server = createServer((socket) => {
    say({ reached: `${address}:${port}` });
    socket.destroy();
  });
  return new Promise<void>((ready) => void server.listen(port, address, ready));
});
await Promise.all([...web, ...forbidden]);
say({ ready: true });
