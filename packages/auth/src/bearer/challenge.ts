/** RFC 6750 section 3. `why`: a sentence without quotes, of a token that was shown and is wrong. */
export function bearerChallenge(realm: string, why?: string): string {
  const error = why === undefined ? '' : `, error="invalid_token", error_description="${why.replaceAll('"', "'")}"`;
  return `Bearer realm="${realm}"${error}`;
}
