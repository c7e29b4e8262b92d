import { AcmeError } from '@inband/acme';
import { StoreError } from '@inband/store';
import { untilAnswered } from './until-answered.ts';

/** Asks as {@link untilAnswered} does. Rejects with an `AcmeError` of kind `away` where the store cannot answer. */
export async function orAway<T>(ask: () => Promise<T>, patience: number, signal: AbortSignal): Promise<T> {
  try {
    return await untilAnswered(ask, patience, signal);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const message = `The store cannot be asked (store), so no certificate is ordered: ${error.message}`;
    throw new AcmeError('away', message, { cause: error });
  }
}
