import { z } from 'zod';
import type { IssuedCertificate } from '@inband/acme';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import type { AcmeNames } from './acme-names.ts';

/** Certificates that members share at most. */
const MOST = 4_096;

const indexSchema = z.record(z.string(), z.object({ sha256: z.string(), notBefore: z.number(), notAfter: z.number() }));
/** Which certificates there are, by name: one value, so that one watch tells of all of them. */
export type CertificateIndex = z.infer<typeof indexSchema>;

/** When a certificate was made. */
export type Dated = Pick<IssuedCertificate, 'sha256' | 'notBefore' | 'notAfter'>;

/** Whether `one` is to be used in place of `other`: it was made later. */
export function isNewer(one: Dated, other: Dated | undefined): boolean {
  if (other === undefined) return true;
  if (one.sha256 === other.sha256) return false;
  if (one.notBefore !== other.notBefore) return one.notBefore > other.notBefore;
  // Any order will do, as long as it is the same for all members.
  return one.sha256 > other.sha256;
}

/** The index in the store. */
export class SharedIndex {
  readonly #values: SealedValues;
  readonly #names: AcmeNames;

  constructor(values: SealedValues, names: AcmeNames) {
    this.#values = values;
    this.#names = names;
  }

  async read(): Promise<CertificateIndex> {
    return (await this.#values.get(this.#names.index, indexSchema))?.value ?? {};
  }

  /** Says that there is a certificate, unless there is a newer one. */
  async add(name: string, { sha256, notBefore, notAfter }: Dated): Promise<void> {
    const dated = { sha256, notBefore, notAfter };
    await this.#values.change(this.#names.index, indexSchema, (index = {}) => {
      if (!isNewer(dated, index[name])) return undefined;
      return withinBounds({ ...index, [name]: dated });
    });
  }

  /** Says that a certificate is gone, unless there is another one by now. */
  async remove(name: string, sha256: string): Promise<void> {
    await this.#values.change(this.#names.index, indexSchema, (index = {}) => {
      if (index[name]?.sha256 !== sha256) return undefined;
      const { [name]: _, ...others } = index;
      return others;
    });
  }

  /** Calls `listener` with what there is, at first and after each change. */
  watch(listener: (index: CertificateIndex) => void, unreadable: (error: Error) => void): () => void {
    const watch = this.#values.watch(this.#names.index, indexSchema, (index = {}) => listener(index), unreadable);
    return () => watch.stop();
  }
}

/** Of too many certificates, those that expire first are dropped. */
function withinBounds(index: CertificateIndex): CertificateIndex {
  const all = Object.entries(index);
  if (all.length <= MOST) return index;
  return Object.fromEntries(all.toSorted(([, one], [, other]) => other.notAfter - one.notAfter).slice(0, MOST));
}
