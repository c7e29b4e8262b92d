import { z } from 'zod';
import { serial } from '../../stored-numbers.ts';

/**
 * What is in the store of configurations that were pushed. Keys that this version of the program does not know are ignored, because members of different
 * versions read the same.
 */
const version = z.lazy(() =>
  z.object({
    /** From 1, for people. */
    number: serial.min(1),
    /** Of the content: two versions with the same content have the same. */
    id: z.string().min(1),
    by: z.string(),
    /** ISO 8601, by the clock of the member that it was pushed to. */
    at: z.string(),
    message: z.string().optional(),
    /** The number of the version whose content it has again. */
    again: z.int().optional(),
  }),
);

/** A version of the configuration, without its content. */
export type Version = z.infer<typeof version>;

const record = z.lazy(() =>
  z.object({
    /** Grows with every change of this record, by whomever. Of two records the one with the greater number is the newer one. */
    change: serial.min(1),
    /** The greatest number of a version that there has been. */
    last: serial,
    /** The version that all members have; null: each has its own file. */
    current: z.int().nullable(),
    /** A version that only these members have. */
    canary: z.object({ number: z.int(), members: z.array(z.string()) }).nullable(),
    /** The oldest first. */
    versions: z.array(version),
  }),
);

/** Which version is whose. There is one in a store, and it is changed by compare and set. */
export type ConfigRecord = z.infer<typeof record>;

const candidate = z.lazy(() =>
  z.object({
    /** Of this attempt. */
    id: z.string().min(1),
    version,
    /** The member that has been asked to push it. */
    member: z.string(),
  }),
);

/** A version that members look at before it becomes anybody's. */
export type Candidate = z.infer<typeof candidate>;

const content = z.lazy(() =>
  z.object({
    id: z.string(),
    /** JSON of files, compressed (raw DEFLATE), in Base64. */
    data: z.string(),
  }),
);

/** The files of a version as they are stored. */
export type Content = z.infer<typeof content>;

const files = z.lazy(() =>
  z.object({
    main: z.array(z.string()).min(1).readonly(),
    texts: z.record(z.string(), z.string()).readonly(),
    folders: z.record(z.string(), z.array(z.string()).readonly()).readonly(),
  }),
);

/** See `PushedFiles`. */
export type VersionFiles = z.infer<typeof files>;

const copy = z.lazy(() => z.object({ record, contents: z.array(content) }));

/** What a member keeps on its own disk. */
export type Copy = z.infer<typeof copy>;

/** Reads a text as one of these; undefined if it is none. */
export const parseRecord = parserOf(record);
export const parseCandidate = parserOf(candidate);
export const parseContent = parserOf(content);
export const parseFiles = parserOf(files);
export const parseCopy = parserOf(copy);

function parserOf<T>(schema: z.ZodType<T>): (text: string) => T | undefined {
  return (text) => {
    try {
      return schema.safeParse(JSON.parse(text)).data;
    } catch {
      return undefined;
    }
  };
}
