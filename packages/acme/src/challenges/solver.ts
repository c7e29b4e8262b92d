/** The kinds of challenges that can be answered. */
export type ChallengeType = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** What the CA wants to see, and where. */
export interface ChallengeTask {
  readonly host: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/** Answers challenges of one kind. */
export interface Solver {
  readonly type: ChallengeType;
  /** Makes the answer visible to the CA. Resolves when it is so everywhere. */
  present(task: ChallengeTask, signal: AbortSignal): Promise<void>;
  /** The answer is not needed any more. Never rejects. */
  remove(task: ChallengeTask): Promise<void>;
}
