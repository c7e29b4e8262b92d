/** The meaning of the `hosts` line of nsswitch.conf(5). */
export interface HostSources {
  /** Whether /etc/hosts comes first, so that a name in it needs no query. */
  readonly filesFirst: boolean;
  /** Whether nss-myhostname answers for this machine's own name, `_gateway` and `_outbound`. */
  readonly myHostname: boolean;
  /** Why only the system can look names up, as the end of a sentence. Undefined for /etc/hosts, then DNS. */
  readonly needsSystem: string | undefined;
}

/** The sources that a C library uses without the file or the line. */
const DEFAULT_LINE = 'files dns';

/** The default actions. Any other action changes which sources are used. */
const DEFAULT_ACTIONS = new Set(['success=return', 'notfound=continue', 'unavail=continue', 'tryagain=continue']);

/** Parses the text of nsswitch.conf. `text` is undefined when there is no such file, as with musl. */
export function parseHostSources(text: string | undefined): HostSources {
  const lines = (text ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim());
  const written = lines.find((line) => /^hosts\s*:/i.test(line))?.replace(/^hosts\s*:/i, '');
  const tokens = (written ?? DEFAULT_LINE).trim().match(/\[[^\]]*\]|[^\s[\]]+/g) ?? [];
  const sources = tokens.filter((token) => !token.startsWith('['));
  return {
    filesFirst: sources[0] === 'files' && !/^\[.*merge/i.test(tokens[1] ?? ''),
    myHostname: sources.includes('myhostname'),
    needsSystem: whySystem(tokens, sources),
  };
}

function whySystem(tokens: readonly string[], sources: readonly string[]): string | undefined {
  const other = sources.find((source) => source !== 'files' && source !== 'dns' && source !== 'myhostname');
  if (other !== undefined) return `names are looked up by the module "${other}" too`;
  const [first, second] = sources.filter((source) => source !== 'myhostname');
  if (first !== 'files' || second !== 'dns') return 'names are not looked up in "files" first and then in "dns"';
  const criteria = tokens.filter((token) => token.startsWith('['));
  const unusual = criteria.find((token) => !isDefault(token));
  return unusual === undefined ? undefined : `it says "${unusual}"`;
}

function isDefault(criterion: string): boolean {
  const actions = criterion.slice(1, -1).trim().toLowerCase().split(/\s+/);
  return actions.every((action) => DEFAULT_ACTIONS.has(action));
}
