import { AcmeError } from '@inband/acme';
import { StoreError } from '@inband/store';

/** Rejects with an `AcmeError` of kind `away` where the store cannot answer. */
export async function orAway<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const message = `The store cannot be asked (store), so no certificate is ordered: ${error.message}`;
    throw new AcmeError('away', message, { cause: error });
  }
}
