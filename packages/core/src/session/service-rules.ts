import type { AddressTranslation } from '../nat/address-translation.ts';
import type { AccessPolicy } from '../policy/access-policy.ts';
import type { ServiceMode } from '../policy/service-mode.ts';

/** What a session knows of its service: the rules that apply to it. Where it may go is the routes' business (`Service`). */
export interface ServiceRules {
  readonly name: string;
  readonly mode: ServiceMode;
  readonly policy: AccessPolicy;
  /** Absent when nothing is translated. */
  readonly nat?: AddressTranslation;
}
