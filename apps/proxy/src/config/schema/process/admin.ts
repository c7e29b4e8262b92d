import { lazily } from '@inband/chainers';
import * as z from 'zod';
import { ADMIN_ROLES } from '../../known/constants.ts';
import { oneOrMore } from '../../values/one-or-more.ts';
import { account, bind, fileMode, text } from '../../values/values.ts';

const role = z.enum(ADMIN_ROLES);

const token = lazily(() =>
  z.strictObject({
    role: role.describe('read: see everything. operate: reload, drain, end sessions, too. change: everything.'),
    hash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, {
        error: 'expected "sha256:" and 64 hexadecimal digits; "inband admin token" makes a token and its hash',
      })
      .meta({ writeOnly: true })
      .describe('Of the token, which "inband admin token" makes: "sha256:…".'),
  }),
);

const tls = lazily(() =>
  z.strictObject({
    cert: text.describe('The file of the certificate and its chain (PEM), relative to this file.'),
    key: text.describe('The file of its key (PEM).'),
  }),
);

const URL_EXPECTED = 'expected an https: URL (http: only for this machine)';

/** Keys from a host elsewhere are trusted only if they came by TLS. */
const trustedUrl = () =>
  z.string().refine((written) => {
    if (!URL.canParse(written)) return false;
    const { protocol, hostname } = new URL(written);
    const isHere = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
    return protocol === 'https:' || (protocol === 'http:' && isHere);
  }, URL_EXPECTED);

const oidc = lazily(() =>
  z.strictObject({
    issuer: trustedUrl().describe('The OpenID provider, as in the "iss" of its tokens.'),
    audience: text.describe('What has to be in the "aud" of a token.'),
    jwks: trustedUrl().optional().describe('Where its keys are. Default: as its discovery document says.'),
    claim: text
      .default('roles')
      .describe('The claim with the roles: a text or a list. Dots lead into objects: "realm_access.roles".'),
    roles: z.record(text, role).describe('What a value of the claim stands for. Of several the highest counts.'),
  }),
);

/** The admin server. Off unless it is configured. */
export const admin = lazily(() =>
  z.strictObject({
    bind: bind.describe('Where it listens: "127.0.0.1:9901", "unix:/path", …'),
    mode: fileMode.optional().describe('Of a unix socket: the mode of its file, in quotes. Default: "0600".'),
    user: account.optional().describe('Of a unix socket: who owns its file.'),
    group: account.optional().describe('Of a unix socket: the group of its file.'),
    anonymous: z
      .enum(['none', ...ADMIN_ROLES])
      .optional()
      .describe(
        'The role of those without a token. Default, without tokens and oidc: change on a unix socket, read else; with them: none.',
      ),
    tokens: z.record(text, token).default({}).describe('Who may ask, by a name that the log shows.'),
    tls: tls.optional().describe('Its certificate. The files are read again at every reload.'),
    oidc: oidc.optional().describe('Accept the tokens of an OpenID provider, too.'),
    hosts: oneOrMore(text, 'a name')
      .optional()
      .describe(
        'Names by which clients call it, beside addresses and "localhost". Others are refused (DNS rebinding).',
      ),
  }),
)
  .optional()
  .describe('The admin API and its page. Off unless it is here.');
