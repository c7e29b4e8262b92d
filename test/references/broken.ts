import type { Names } from './names.ts';
import { RFC_SECTIONS } from './rfc-sections.ts';
import type { Prose } from './texts.ts';

/** Names of other programs and libraries, and of the system. */
export const FOREIGN = new Set([
  'DialContext',
  'HostSNI',
  'M_ARENA_MAX',
  'SO_ORIGINAL_DST',
  'StandardJSONSchema',
  'eventLoopUtilization',
  'insecureHTTPParser',
  'forwardedHeaders.trustedIPs',
  'net.core.somaxconn',
  'req.ssl_sni',
  'X.Forwarded.For',
  'X.Real.IP',
  'vX.Y.Z',
]);

/** Folders that are made, and not committed. */
const MADE = new Set(['bench/results', 'docs/api/html']);

const IDENTIFIER = String.raw`[A-Za-z_$][\w$]*`;
/** `SomeClass.method`, `someFunction()`, in backticks. */
const QUOTED = new RegExp(String.raw`\`(${IDENTIFIER}(?:\.${IDENTIFIER})*(?:\(\))?)\``, 'g');
/** What is the name of something in code rather than a word: `someThing`, `SomeThing`, `SOME_THING`. */
const IN_CODE = /[a-z][A-Z]|^[A-Z]+_[A-Z\d_]+$/;
const LINK = /\{@link ([^}]+)\}/g;
const SEE = /\bsee ([a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w+|[A-Z][A-Z_]{3,})\b/gi;
const FILE = /(?<![\w/.@:*<-])(?:\.{0,2}\/)*([\w-]+(?:[/.][\w-]+)*\.(?:m?ts|[cm]js|md|jsonl|sh))\b(?!\.?\w)/g;
/** A file of settings that stands in backticks. Bare, it may be a person's own. */
const SETTINGS = /`([\w-]+(?:[/.][\w-]+)*\.(?:json|ya?ml))`/g;
const SECTION_OF_PAGE = /\b(docs\/[\w/-]+\.md#[\w-]+)/g;
const PAGE = /\b(docs\/[\w/-]+\w)(?![\w/.-]*\.\w)/g;
const FOLDER = /`((?:packages|apps|test|bench|docs)\/[\w./-]*[a-z][\w./-]*|(?:[\w-]+\/)+)`/g;
const DECISION = /\bADRs? (\d+)/g;
const SECTIONS = /(\w*) ?\(?\b(section \d[\d.]*|sections \d[\d.]*(?:(?:,? and |, )\d[\d.]*)*)/gi;
const RFC = /\bRFC (\d+)/g;

/** The references of a text to something that does not exist, each as it stands there. */
export function brokenReferences(prose: Prose, names: Names): string[] {
  const text = prose.text.replaceAll(/\s+/g, ' ');
  return [
    ...matches(text, QUOTED).filter((name) => !isQuoted(name, names)),
    ...matches(text, LINK).filter((name) => !isLink(prose.file, name, names)),
    ...matches(text, SEE).filter((name) => IN_CODE.test(name) && !names.hasWord(name)),
    ...matches(text, FILE).filter((path) => !names.hasPath(path)),
    ...matches(text, SETTINGS).filter((path) => !names.hasPath(path)),
    ...matches(text, SECTION_OF_PAGE).filter((section) => !names.hasSection(section)),
    ...matches(text, PAGE).filter((path) => !MADE.has(path) && !names.hasPath(path)),
    ...matches(text, FOLDER).filter((path) => !MADE.has(path) && !names.hasPath(path)),
    ...matches(text, DECISION)
      .filter((number) => !names.hasDecision(number))
      .map((number) => `ADR ${number}`),
    ...matches(text, RFC)
      .filter((number) => !(number in RFC_SECTIONS))
      .map((number) => `RFC ${number}`),
    ...brokenSections(text, rfcOf(prose.file)),
  ];
}

function matches(text: string, pattern: RegExp): string[] {
  return Array.from(text.matchAll(pattern), ([, name = '']) => name);
}

function isQuoted(name: string, names: Names): boolean {
  if (/\.(m?[jt]s|md|jsonl?|ya?ml)$/.test(name)) return true;
  const looksLikeCode = IN_CODE.test(name) || /[.(]/.test(name);
  const path = name.replace('()', '');
  return !looksLikeCode || FOREIGN.has(path) || isThere(path.split('.'), names);
}

/** What the project does not declare is the platform's, or a setting: `Buffer.from`, `zones.office.file`. */
function isThere(parts: readonly string[], names: Names): boolean {
  const isOurs = parts.length > 1 && /^[A-Z]/.test(parts[0] ?? '') && names.isDeclared(parts.slice(0, 1));
  return isOurs ? names.isDeclared(parts) : parts.every((part) => names.hasWord(part));
}

function isLink(file: string, name: string, names: Names): boolean {
  const parts = name.split('.');
  return names.canLink(file, parts[0] ?? '') && (parts.length === 1 || names.isDeclared(parts));
}

/** A file may be about one RFC: `rfc6052.ts`. */
function rfcOf(file: string): string | undefined {
  return /rfc(\d+)/.exec(file)?.[1];
}

/** A section is one of the RFC that was named last before it. We have no other documents whose sections have numbers. */
function brokenSections(text: string, ownRfc: string | undefined): string[] {
  return Array.from(text.matchAll(SECTIONS)).flatMap((match) => {
    const [, before = '', sections = ''] = match;
    const rfc = matches(text.slice(0, match.index + before.length), RFC).at(-1) ?? ownRfc;
    const known = rfc === undefined || /^[A-Z]{3,}$/.test(before) ? {} : (RFC_SECTIONS[Number(rfc)] ?? {});
    const cited = sections.match(/\d([\d.]*\d)?/g) ?? [];
    return cited.filter((number) => !(number in known)).map((number) => `section ${number} of ${rfcName(rfc)}`);
  });
}

function rfcName(rfc: string | undefined): string {
  return rfc === undefined ? 'no document' : `RFC ${rfc}`;
}
