import type { KeptStatus } from '@inband/acme';
import type { AcmeCertificate, AcmeState } from './acme-view.ts';

/** What is kept by ACME for one configuration. It asks nothing of the CA before `begin`. */
export interface OpenedAcme {
  begin(): void;
  demand(host: string): Promise<AcmeCertificate | undefined>;
  readonly state: AcmeState;
  readonly status: readonly KeptStatus[];
  close(): Promise<void>;
}
