/** Two files that hold a certificate and its key; the same one twice if one file holds both. */
export interface PairOfFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What a folder has. */
export interface FolderPairs {
  readonly pairs: readonly PairOfFiles[];
  /** Files of certificates beside which is no key. They may hold one. */
  readonly alone: readonly string[];
  /** Keys beside which is no certificate. */
  readonly keys: readonly string[];
}

const CERTIFICATE = /^(.+)\.(?:pem|crt|cer)$/;
const CERTBOT = { certificate: 'fullchain.pem', key: 'privkey.pem' };

/**
 * Which files of a folder belong together, by their names. Most programs give a certificate (`.pem`, `.crt` or `.cer`) and its key (`.key`)
 * the same name, as Kubernetes does, too; mkcert puts `-key` behind it. Where certbot has made `fullchain.pem` and `privkey.pem`, the
 * others are parts of the chain. What begins with a dot is passed over.
 */
export function pairsAmong(names: readonly string[]): FolderPairs {
  const all = new Set(names.filter((name) => !name.startsWith('.')));
  if (all.has(CERTBOT.certificate) && all.has(CERTBOT.key)) return { pairs: [CERTBOT], alone: [], keys: [] };
  const pairs: PairOfFiles[] = [];
  const alone: string[] = [];
  const used = new Set<string>();
  const isKeyOfOther = (stem: string): boolean =>
    stem.endsWith('-key') && ['pem', 'crt', 'cer'].some((end) => all.has(`${stem.slice(0, -'-key'.length)}.${end}`));
  for (const certificate of [...all].toSorted()) {
    const [, stem] = CERTIFICATE.exec(certificate) ?? [];
    if (stem === undefined || isKeyOfOther(stem)) continue;
    const key = [`${stem}.key`, `${stem}-key.pem`].find((name) => all.has(name));
    if (key === undefined) alone.push(certificate);
    else pairs.push({ certificate, key });
    if (key !== undefined) used.add(key);
  }
  const keys = [...all].filter((name) => name.endsWith('.key') && !used.has(name)).toSorted();
  return { pairs, alone, keys };
}
