import { StoreError } from '@inband/store';
import { describeFailure } from '../../../log/describe-failure.ts';

/** Characters of a reason that others see. */
const MOST_REASON = 1_000;

/** That the store is away is no defect, and has no stack to be looked at. */
export function reasonOf(error: unknown): string {
  return error instanceof StoreError ? error.message : describeFailure(error);
}

/** A reason as others see it. */
export function shortened(reason: string): string {
  return reason.slice(0, MOST_REASON);
}
