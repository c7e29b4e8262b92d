/** What a notice says: plain values, as JSON has them. */
export type NoticeValue =
  | string
  | number
  | boolean
  | readonly NoticeValue[]
  | { readonly [key: string]: NoticeValue | undefined };

/**
 * Called with what another worker has told. `value` is undefined where what was told of `key` before does not hold any more.
 * `ttl`: milliseconds for which it holds.
 */
export type Hear = (key: string, value: NoticeValue | undefined, ttl: number) => void;

/** What the workers of one machine tell one another of one subject. Nobody waits for it, and it may be lost. */
export interface Topic {
  /** Tells the other workers. Of several values of a key the last one counts. `ttl`: milliseconds; of no importance without a value. */
  tell(key: string, value: NoticeValue | undefined, ttl: number): void;
  /** `hear` is called for all that is known already, and then for each notice of another worker. */
  follow(hear: Hear): void;
}

/** Which of the workers does what is to be done once for the machine: the first one that is there and answers. */
export interface Duty {
  /** Whether it is this one. For a moment it may be none, or two. */
  readonly isOurs: boolean;
  /** `changed` is called when that is another one than before. Returns what ends this. */
  follow(changed: () => void): () => void;
}

/** The notices of an object that all workers have, for example of a chainer. */
export interface OwnNotices {
  /** The same name is the same topic in all workers. */
  topic(name: string): Topic;
  /** A topic that all objects of the machine have in common. */
  common(name: string): Topic;
  readonly duty: Duty;
}

/** The same for whoever made the object. */
export interface MadeNotices extends OwnNotices {
  /** The object is closed, and hears nothing more. */
  close(): void;
}

/**
 * A bus between the workers of one machine. What is told goes through the supervisor, which keeps it for workers that are started later. Not
 * for what must arrive, which has messages of its own.
 */
export interface Notices {
  /** The notices of an object, by what identifies it in all workers. */
  of(owner: string): MadeNotices;
}
