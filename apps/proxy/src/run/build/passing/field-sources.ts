import type { Logger } from '@inband/core';
import type { FieldSource, SourcedValue } from '@inband/http-proxy';
import { readVariable } from '../../../config/read/line-file.ts';
import { secrets } from '../../../secrets/secret-texts.ts';
import { FollowedText } from './followed-text.ts';

/** Opens what a field rule has a value from. Throws a `ProxyError` if it cannot be used. Logs do not show it, unless it is no secret. */
export function openSource({ file, env, secret = true }: FieldSource, logger: Logger): SourcedValue {
  const holder = secret ? secrets.hold() : undefined;
  const note = (text: string): void => holder?.note(text);
  // A variable of a process does not change while it runs.
  const value = file === undefined ? { text: readVariable(env), close() {} } : new FollowedText(file, logger, { note });
  note(value.text);
  return {
    get text() {
      return value.text;
    },
    close() {
      value.close();
      holder?.close();
    },
  };
}
