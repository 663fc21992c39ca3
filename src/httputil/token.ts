/** The words that HTTP is made of: names of fields and parameters, methods, protocols. */

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a text is one word of HTTP's grammar: a `token` of RFC 9110 section 5.6.2. */
export function isToken(text: string): boolean {
  return token.test(text);
}
