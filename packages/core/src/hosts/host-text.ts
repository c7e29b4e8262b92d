import { parseIp } from '../base/ip.ts';
import { isQuotable, type LineProblem, LineProblems } from '../base/line-problems.ts';
import { foldHost } from './host-patterns.ts';
import { BELOW, type HostSet, HostSetBuilder, ITSELF, LONGEST_ENTRY } from './host-set.ts';

/** The content of a file of hosts. */
export interface HostText {
  readonly hosts: HostSet;
  /** The first few problems. `problemCount` counts all. */
  readonly problems: readonly LineProblem[];
  readonly problemCount: number;
}

/** The longest line, in characters. */
const LONGEST_LINE = 65_536;

const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** What files of the form of /etc/hosts say of the machine itself. */
const OWN_NAMES = new Set([
  'localhost',
  'localhost.localdomain',
  'localhost4',
  'localhost4.localdomain4',
  'localhost6',
  'localhost6.localdomain6',
  'local',
  'broadcasthost',
  'ip6-localhost',
  'ip6-loopback',
  'ip6-localnet',
  'ip6-mcastprefix',
  'ip6-allnodes',
  'ip6-allrouters',
  'ip6-allhosts',
  '0.0.0.0',
]);

/**
 * Reads a list of hosts from pieces of a file. A line is in one of these forms, and a file may mix them:
 *
 * - `example.com`: this host. Also an address.
 * - `*.example.com`: every host below, but not `example.com`, as in patterns of the configuration.
 * - `.example.com`: the domain and every host below, as in `dstdomain` lists of Squid.
 * - `0.0.0.0 ads.example`: an address, which says nothing, and hosts, as in /etc/hosts; its `localhost` and the like are left out.
 *
 * `#` begins a comment. Empty lines, CRLF line ends and a byte order mark are allowed. Internationalised names become ASCII.
 */
export class HostTextReader {
  readonly #builder: HostSetBuilder;
  readonly #decoder = new TextDecoder();
  readonly #problems = new LineProblems();
  #line = 0;
  /** The beginning of a line whose end is not read yet. */
  #rest = '';
  /** Whether that line is too long, and its end is skipped. */
  #skips = false;

  /** `bytes`: the size of the file, as far as it is known. */
  constructor(bytes?: number) {
    this.#builder = new HostSetBuilder(bytes);
  }

  /** Reads the next piece of the file. It takes as long as the piece is. */
  read(piece: Uint8Array): void {
    this.#readText(this.#decoder.decode(piece, { stream: true }));
  }

  /** Reads the end of the file. Yields from time to time, so that the event loop can continue. */
  *end(): Generator<void, HostText> {
    this.#readText(this.#decoder.decode());
    if (this.#rest !== '' || this.#skips) this.#readText('\n');
    const hosts = yield* this.#builder.build();
    return { hosts, problems: this.#problems.first, problemCount: this.#problems.count };
  }

  #readText(text: string): void {
    let start = 0;
    for (;;) {
      const newline = text.indexOf('\n', start);
      if (newline === -1) break;
      this.#readLine(this.#rest + text.slice(start, newline));
      this.#rest = '';
      start = newline + 1;
    }
    if (!this.#skips) this.#rest += text.slice(start);
    if (this.#rest.length <= LONGEST_LINE) return;
    this.#skips = true;
    this.#rest = '';
  }

  #readLine(line: string): void {
    this.#line += 1;
    if (this.#skips || line.length > LONGEST_LINE) {
      this.#skips = false;
      this.#report('the line is too long.');
    } else if (NAME.test(line)) this.#addEntry(line);
    else this.#readWords(wordsOf(line));
  }

  #readWords(words: readonly string[]): void {
    const [first, ...others] = words;
    if (first === undefined) return;
    if (others.length === 0) this.#addEntry(first);
    else if (parseIp(first) === undefined) this.#report('expected one host a line, or an address and its names.');
    else for (const name of others) if (!OWN_NAMES.has(name.toLowerCase())) this.#addName(name, ITSELF);
  }

  #addEntry(entry: string): void {
    if (entry.startsWith('*.')) this.#addName(entry.slice(2), BELOW);
    else if (entry.startsWith('.')) this.#addName(entry.slice(1), ITSELF | BELOW);
    else this.#addName(entry, ITSELF);
  }

  #addName(written: string, matches: number): void {
    const name = foldHost(isAscii(written) ? written : toAscii(written));
    const isAddress = parseIp(name) !== undefined;
    const isUsable = isAddress ? matches === ITSELF : NAME.test(name) && name.length <= LONGEST_ENTRY;
    if (isUsable) this.#builder.add(name, matches);
    else this.#report(`${quoted(written)} is not a host: expected a name, ".domain", "*.domain" or an address.`);
  }

  #report(message: string): void {
    this.#problems.add(this.#line, message);
  }
}

function wordsOf(line: string): string[] {
  const comment = line.indexOf('#');
  return (comment === -1 ? line : line.slice(0, comment)).split(/[ \t\r]+/).filter((word) => word !== '');
}

function isAscii(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- "not ASCII" is what is meant
  return !/[^\x00-\x7f]/.test(text);
}

/** The ASCII form of an internationalised name (UTS #46), or what is no name. */
function toAscii(name: string): string {
  // A URL would be more than its host with one of these.
  const url = /[/?#@:\\[\]%]/.test(name) ? null : URL.parse(`http://${name}`);
  return url?.hostname ?? '';
}

function quoted(written: string): string {
  return isQuotable(written) ? `"${written}"` : 'what is written here';
}
