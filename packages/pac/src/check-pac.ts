import { PacFile } from './pac-file.ts';

/** Loads a PAC file once. Rejects with a `PacError` if it is none. */
export async function checkPac(text: string): Promise<void> {
  const file = new PacFile({ resolve: () => Promise.resolve([]), alert: () => {} });
  try {
    await file.load(text);
  } finally {
    file.close();
  }
}
