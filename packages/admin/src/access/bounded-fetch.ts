/** Milliseconds for a whole response. */
const LIMIT = 5_000;
/** Bytes. Sets of keys have a few thousand. */
const MOST = 2 ** 18;

/** Fetches a small JSON document. Rejects if it is slow, large or elsewhere, and for a status other than 200. */
export async function boundedFetch(url: string): Promise<Response> {
  const signal = AbortSignal.timeout(LIMIT);
  const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the status is ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST) throw new Error(`it has more than ${MOST} bytes`);
    parts.push(part);
  }
  return new Response(Buffer.concat(parts), { headers: { 'content-type': 'application/json' } });
}
