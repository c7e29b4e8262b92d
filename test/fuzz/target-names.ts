/** The targets, without what they run: the command line needs only their names. */
export const targetNames: readonly string[] = [
  'request-heads',
  'response-heads',
  'chunked-bodies',
  'authorities',
  'zones',
  'hellos',
  // OpenSSL is called directly on Linux only.
  ...(process.platform === 'linux' ? ['tls-records'] : []),
  'whole-proxy',
];
