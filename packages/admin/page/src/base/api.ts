import type { Problem } from '../../../src/base/problem.ts';

/** Milliseconds. */
const TIMEOUT = 10_000;
const TOKEN = 'inband.token';

/** Why there is no answer, in words for the operator. */
export class ApiError extends Error {
  /** 0: nobody answered. */
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super([problem.title, problem.detail].filter(Boolean).join('. '));
    this.status = status;
    this.problem = problem;
  }
}

/** The token of this tab. It is kept nowhere else, and never part of an address. */
export const token = {
  get: (): string | null => sessionStorage.getItem(TOKEN),
  set: (value: string): void => sessionStorage.setItem(TOKEN, value),
  forget: (): void => sessionStorage.removeItem(TOKEN),
};

export interface Asking {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** A status that is no failure, besides those of success, unless a problem comes with it. */
  readonly alsoGood?: number;
}

/** Sends a request to the admin API. Rejects with an {@link ApiError} unless it succeeds. */
export async function send(
  path: string,
  { method = 'GET', body, headers, signal, alsoGood }: Asking = {},
): Promise<Response> {
  const known = token.get();
  const response = await fetch(path, {
    method,
    headers: {
      ...(known !== null && { authorization: `Bearer ${known}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: signal ?? AbortSignal.timeout(TIMEOUT),
    credentials: 'omit',
    cache: 'no-store',
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, { title: 'The admin side does not answer', detail: 'The proxy may still work.' });
  });
  if (response.ok || (response.status === alsoGood && !isProblem(response))) return response;
  throw new ApiError(response.status, await problemIn(response));
}

/** A status alone does not say it: 503 is also the answer of a proxy that is not ready. */
function isProblem({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/problem+json') === true;
}

/** Asks for JSON. The type is what the API's schema says of the path. */
export async function ask<Answer>(path: string, asking?: Asking): Promise<Answer> {
  const response = await send(path, asking);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of the path says so
  return (await response.json()) as Answer;
}

async function problemIn(response: Response): Promise<Partial<Problem>> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every error of the API is one
    return (await response.json()) as Partial<Problem>;
  } catch {
    return { title: `The admin side answered ${response.status}` };
  }
}

/** `path` with the parameters that are not empty. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const filled = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const parameters = new URLSearchParams(filled.map(([name, value]) => [name, String(value)]));
  return filled.length === 0 ? path : `${path}?${parameters.toString()}`;
}
