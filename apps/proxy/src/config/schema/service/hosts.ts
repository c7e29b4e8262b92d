import { lazily, typeNames } from '@inband/chainers';
import * as z from 'zod';
import { oneOrMore } from '../../values/one-or-more.ts';
import { text } from '../../values/values.ts';

const hostFile = lazily(() =>
  z
    .strictObject({
      file: oneOrMore(text, 'the path of a file').describe(
        'Files of hosts, one a line, or as /etc/hosts; relative to this file, and followed.',
      ),
    })
    .register(typeNames, { name: 'HostFileInput' }),
);

/** A host, or files of them. */
export const hostOrFile = lazily(() =>
  z.union([text, hostFile], { error: 'expected a host, or a mapping with "file"' }),
);

/** What `hosts` of a rule and `host` of a route may be. Its output is a list. */
export const hosts = lazily(() => oneOrMore(hostOrFile, 'a host, or a mapping with "file"'));
