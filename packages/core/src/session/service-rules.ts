import type { AddressTranslation } from '../nat/address-translation.ts';
import type { AccessPolicy } from '../policy/access-policy.ts';
import type { ServiceMode } from '../policy/service-mode.ts';

/** The part of a `Service` that a session shows: the rules that apply to it. */
export interface ServiceRules {
  readonly name: string;
  readonly mode: ServiceMode;
  readonly policy: AccessPolicy;
  /** Absent when nothing is translated. */
  readonly nat?: AddressTranslation;
}
