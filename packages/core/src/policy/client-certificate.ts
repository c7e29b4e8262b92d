import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';

/** The verified certificate of a client. */
export interface ClientCertificate {
  /** Who it says that the client is, the user of its sessions: its first URI, DNS name or e-mail address, else its fingerprint. */
  readonly identity: string;
  /**
   * All that conditions match: URIs, DNS names in lower case, e-mail addresses, and the fingerprint as `sha256:` with 64 digits. Their
   * forms differ, so that no name of one kind is taken for one of another.
   */
  readonly names: readonly string[];
  /** In one line: `CN=ann, O=Example`. */
  readonly subject: string;
  /** Milliseconds as of `Date.now`. */
  readonly notAfter: number;
}

/** What certificates a rule is about. */
export interface CertificateCondition {
  /** Met by every verified certificate. */
  readonly any: boolean;
  readonly exact: ReadonlySet<string>;
  /** Ends of names with something before them: `.clients.example`, `@example.com`. */
  readonly suffixes: readonly string[];
  /** Beginnings of URIs, with their last slash. */
  readonly prefixes: readonly string[];
}

const DNS_NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;
const URI = /^[a-z][a-z0-9+.-]*:[^\s*]+(?:\/\*)?$/i;
const EMAIL = /^(?:\*|[^\s:@*]+)@[^\s:@*]+$/;

/** Throws {@link PolicyConfigurationError}. */
export function compileCertificates(base: string, path: SettingPath, texts: readonly string[]): CertificateCondition {
  const patterns = texts.map((text, index) => {
    const pattern = patternOf(text);
    if (pattern !== undefined) return pattern;
    const expected =
      '"any", a URI ("spiffe://example/web", or "spiffe://example/*"), a DNS name ("a.example", or "*.example"), ' +
      'an e-mail address ("ops@example.com", or "*@example.com"), or "sha256:" with 64 digits';
    throw new PolicyConfigurationError(
      base,
      [...path, index],
      `"${text}" is no name of a certificate: expected ${expected}.`,
    );
  });
  const named = patterns.filter((pattern) => pattern !== 'any');
  return {
    any: named.length < patterns.length,
    exact: new Set(named.filter((pattern) => !pattern.includes('*'))),
    suffixes: named.filter((pattern) => pattern.startsWith('*')).map((pattern) => pattern.slice(1)),
    prefixes: named.filter((pattern) => pattern.endsWith('/*')).map((pattern) => pattern.slice(0, -1)),
  };
}

function patternOf(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (lower.startsWith('sha256:')) {
    const digits = lower.slice('sha256:'.length).replaceAll(':', '');
    return /^[0-9a-f]{64}$/.test(digits) ? `sha256:${digits}` : undefined;
  }
  if (DNS_NAME.test(lower)) return lower;
  return URI.test(text) || EMAIL.test(text) ? text : undefined;
}

/** Whether a client with this certificate, or with none, meets the condition. */
export function matchesCertificate(
  condition: CertificateCondition,
  certificate: ClientCertificate | undefined,
): boolean {
  if (certificate === undefined) return false;
  return condition.any || certificate.names.some((name) => matchesName(condition, name));
}

function matchesName({ exact, suffixes, prefixes }: CertificateCondition, name: string): boolean {
  if (exact.has(name)) return true;
  return (
    suffixes.some((suffix) => isOfSuffix(name, suffix)) ||
    prefixes.some((prefix) => name.length > prefix.length && name.startsWith(prefix))
  );
}

/** A URI may end as a DNS name or an e-mail address does, but it is neither. */
function isOfSuffix(name: string, suffix: string): boolean {
  if (name.length <= suffix.length || !name.endsWith(suffix) || name.includes(':')) return false;
  return suffix.startsWith('@') || !name.includes('@');
}
