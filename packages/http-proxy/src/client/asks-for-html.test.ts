import { describe, expect, test } from 'vitest';
import { useHarness } from '../../test-support/use-harness.ts';

const make = useHarness();
const LONG = 'x'.repeat(9_000);
const BROWSER = 'User-Agent: Mozilla/5.0 (X11)\r\n';
const HTML = 'Accept: text/html,*/*\r\n';

async function typeOf(...pieces: readonly string[]): Promise<string | undefined> {
  const harness = await make({});
  const client = harness.client();
  for (const piece of pieces) client.send(piece);
  await client.answered();
  return /^Content-Type: ([\w/+]+)/m.exec(client.received)?.[1];
}

describe('what fails before Accept was read', () => {
  const line = `GET http://h/${LONG} HTTP/1.1\r\n`;
  test.each<[string, string, readonly string[]]>([
    ['a page for a browser whose URL is too long', 'text/html', [`${line}Host: h\r\n${BROWSER}${HTML}\r\n`]],
    ['a page where only User-Agent has come', 'text/html', [`GET http://h/ HTTP/1.1\r\n${BROWSER}bad field\r\n`]],
    [
      'a page where User-Agent came in an earlier piece',
      'text/html',
      [`GET http://h/ HTTP/1.1\r\n${BROWSER}`, 'bad field\r\n'],
    ],
    [
      'a problem for a script in a browser',
      'application/problem+json',
      [`${line}${BROWSER}Accept: application/json\r\n\r\n`],
    ],
    ['a problem for a program', 'application/problem+json', [`${line}Host: h\r\nUser-Agent: curl/8\r\n\r\n`]],
    ['a problem for whoever says nothing', 'application/problem+json', [`${line}Host: h\r\n\r\n`]],
    [
      'a page where a field behind Accept is bad, whatever the program',
      'text/html',
      [`GET http://h/ HTTP/1.1\r\n${HTML}bad field\r\n\r\n`],
    ],
  ])('is answered with %s', async (_what, type, pieces) => {
    expect(await typeOf(...pieces)).toBe(type);
  });
});
