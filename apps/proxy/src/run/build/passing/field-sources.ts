import type { Logger } from '@inband/core';
import type { FieldSource, SourcedValue } from '@inband/http-proxy';
import { readVariable } from '../../../config/read/line-file.ts';
import { FollowedText } from './followed-text.ts';

/** Opens what a field rule has a value from. Throws a `ProxyError` if it cannot be used. */
export function openSource({ file, env }: FieldSource, logger: Logger): SourcedValue {
  // A variable of a process does not change while it runs.
  return file === undefined ? { text: readVariable(env), close() {} } : new FollowedText(file, logger);
}
