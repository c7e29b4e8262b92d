/** What TLS 1.3 adds to the bytes of a record: its head, the type, and the tag. */
export const RECORD_OVERHEAD = 5 + 1 + 16;
