/** SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: each version has an alert of its own for it. */
const NO_CERTIFICATE = 199;

/** Alerts that OpenSSL sends for its reasons (SSL_R_…), where nobody can see them because they are encrypted. */
const byReason = new Map<number, number>([
  [123, 51], // bad signature
  [149, 51], // digest check failed
  [281, 20], // decryption failed or bad record mac
  [129, 20], // block cipher pad is wrong
  [146, 22], // data length too long
  [150, 22], // encrypted length too long
  [159, 50], // length mismatch
  [160, 50], // length too short
  [235, 120], // no application protocol
  [244, 10], // unexpected message
  [245, 10], // unexpected record
  [262, 10], // unexpected change of the cipher
  [293, 10], // mixed handshake and other data
  [443, 10], // bad record type
]);

/** The alert that OpenSSL sends for one of its reasons. Undefined for the rare ones. */
export function alertOfReason(reason: number, isTls13: boolean): number | undefined {
  if (reason === NO_CERTIFICATE) return isTls13 ? 116 : 40;
  return byReason.get(reason);
}

/** Alerts that OpenSSL sends for the results of a verification (X509_V_ERR_…): its table `x509table` in statem_lib.c. */
const byVerification = new Map<number, number>([
  ...each(80, [1, 17, 69, 70]), // errors within: unspecified, out of memory, invalid call, store lookup
  ...each(48, [2, 3, 18, 19, 20, 21, 22, 25, 33, 79]), // no way to an authority: unknown, self-signed, too long
  ...each(42, [4, 5, 6, 9, 11, 13, 14, 15, 16, 27, 28, 62, 63, 64, 65, 66, 67, 68, 94]), // e.g. not valid yet, other host, weak
  ...each(51, [7, 8]), // the signature does not fit
  ...each(45, [10, 12]), // the certificate or the revocation list has expired
  [23, 44], // revoked
  [26, 43], // made for another purpose
  [50, 40], // refused by the application
]);

function each(alert: number, results: readonly number[]): [result: number, alert: number][] {
  return results.map((result) => [result, alert]);
}

/** The alert that OpenSSL sends for a result of a verification other than success (0). */
export function alertOfVerification(code: number): number | undefined {
  return code === 0 ? undefined : (byVerification.get(code) ?? 46);
}
