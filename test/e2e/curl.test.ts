import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { curl } from '../support/curl.ts';
import { startNginx, type Nginx } from '../support/nginx.ts';
import { describeRequiring } from '../support/requires.ts';
import { bodyStream, hashOf, hashOfBody, MiB } from './bodies.ts';
import { e2e, forward, type Lab } from './lab.ts';

const ca = fileURLToPath(new URL('../fixtures/tls/localhost.crt', import.meta.url));
const SIZE = 100 * MiB;
const EXPECTED = hashOfBody(SIZE);

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** An nginx that serves its folder and takes uploads into it. */
async function fileServer(lab: Lab): Promise<Nginx> {
  const nginx = await startNginx('dav_methods PUT;');
  lab.defer(() => nginx.stop());
  return nginx;
}

describeRequiring({ commands: ['curl'] }, 'curl', () => {
  e2e('gets a page by GET, HEAD and through its own choice of HTTP/1.0', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin(
      (req, res) => void res.end(`${req.method} by ${req.httpVersion} via ${req.headers.via}`),
    );
    const page = await curl(['-x', proxy.url, `${origin.url}/?a=b%20c`]);
    expect(page.stdout.toString()).toMatch(/^GET by 1\.1 via 1\.1 inband-\w{6}$/);
    const old = await curl(['-0', '-x', proxy.url, `${origin.url}/`]);
    expect(old.stdout.toString()).toMatch(/^GET by 1\.1 via 1\.0 inband-\w{6}$/);
    const head = await curl(['-I', '-x', proxy.url, `${origin.url}/`]);
    expect(head).toMatchObject({ status: 0 });
    expect(head.stdout.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\nVia: 1\.1 inband-\w{6}\r\n/i);
    const urls = (await proxy.recorded(3)).map(({ url }) => url);
    expect(urls).toEqual([`${origin.url}/?a=b%20c`, `${origin.url}/`, `${origin.url}/`]);
  });

  e2e('gets several pages on one connection to the proxy', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.origin((req, res) => void res.end(req.url));
    const { stdout } = await curl(['-x', proxy.url, `${origin.url}/a`, `${origin.url}/b`, `${origin.url}/c`]);
    expect(stdout.toString()).toBe('/a/b/c');
    const records = await proxy.recorded(3);
    expect(new Set(records.map(({ session }) => session.client.id)).size).toBe(1);
  });

  e2e('uploads with Expect: 100-continue, and without a length', async (lab) => {
    const proxy = await lab.inband();
    const expectations: unknown[] = [];
    const origin = await lab.origin(async (req, res) => void res.end(await hashOf(req)));
    origin.server.on('checkContinue', async (req, res) => {
      expectations.push(req.headers.expect);
      res.writeContinue();
      res.end(await hashOf(req));
    });
    const size = 4 * MiB;
    for (const header of ['Expect: 100-continue', 'Expect:']) {
      const sent = await curl(['-x', proxy.url, '-T', '-', '-H', header, `${origin.url}/`], bodyStream(size));
      expect(sent.stdout.toString()).toBe(hashOfBody(size));
    }
    expect(expectations).toEqual(['100-continue']);
  });

  e2e('gets a page through a tunnel and TLS', async (lab) => {
    const proxy = await lab.inband();
    const origin = await lab.tlsOrigin((_req, res) => void res.end('behind TLS'));
    const { stdout, stderr } = await curl(['-x', proxy.url, '--cacert', ca, `${origin.url}/`]);
    expect({ body: stdout.toString(), stderr }).toEqual({ body: 'behind TLS', stderr: '' });
    expect(await proxy.recorded(1)).toMatchObject([{ kind: 'tunnel', status: 200 }]);
  });

  e2e('is told why, as a page or as JSON, when there is no server', async (lab) => {
    const proxy = await lab.inband(forward());
    const url = `http://127.0.0.1:${await freePort()}/`;
    const json = await curl(['-i', '-x', proxy.url, url]);
    expect(json.stdout.toString()).toMatch(
      /^HTTP\/1\.1 502 [^]*application\/problem\+json[^]*"error": "connection_refused"/,
    );
    const html = await curl(['-i', '-H', 'Accept: text/html', '-x', proxy.url, url]);
    expect(html.stdout.toString()).toMatch(/^HTTP\/1\.1 502 [^]*text\/html[^]*<h1>502 Bad Gateway<\/h1>/);
  });
});

describeRequiring({ commands: ['curl', 'nginx'] }, 'curl and nginx', () => {
  e2e('100 MiB come down whole', async (lab) => {
    const nginx = await fileServer(lab);
    await writeFile(join(nginx.root, 'big'), bodyStream(SIZE));
    const proxy = await lab.inband();
    const { stdout } = await curl(['-x', proxy.url, `http://127.0.0.1:${nginx.port}/big`]);
    expect(sha256(stdout)).toBe(EXPECTED);
  });

  e2e('100 MiB go up whole', async (lab) => {
    const nginx = await fileServer(lab);
    const proxy = await lab.inband();
    const url = `http://127.0.0.1:${nginx.port}/sent`;
    const sent = await curl(
      ['-x', proxy.url, '-o', '/dev/null', '-w', '%{http_code}', '-T', '-', url],
      bodyStream(SIZE),
    );
    expect(sent.stdout.toString()).toBe('201');
    expect(await hashOf(createReadStream(join(nginx.root, 'sent')))).toBe(EXPECTED);
  });

  e2e('part of a file, and nothing of one that has not changed', async (lab) => {
    const nginx = await fileServer(lab);
    await writeFile(join(nginx.root, 'small'), 'abcdefghij');
    const proxy = await lab.inband();
    const url = `http://127.0.0.1:${nginx.port}/small`;
    const part = await curl(['-i', '-x', proxy.url, '-r', '2-4', url]);
    expect(part.stdout.toString()).toMatch(/^HTTP\/1\.1 206 [^]*\r\n\r\ncde$/);
    const etag = /etag: (\S+)/i.exec((await curl(['-I', '-x', proxy.url, url])).stdout.toString())?.[1];
    const unchanged = await curl(['-i', '-x', proxy.url, '-H', `If-None-Match: ${etag}`, url]);
    expect(unchanged.stdout.toString()).toMatch(/^HTTP\/1\.1 304 [^]*\r\n\r\n$/);
  });
});
