import { httpDate } from '../message/http-date.ts';

/** The answer that opens a tunnel (RFC 9110 section 9.3.6), made once per second because of its `Date`. */
export class Established {
  readonly #pseudonym: string;
  #date = '';
  #bytes: Buffer = Buffer.alloc(0);

  constructor(pseudonym: string) {
    this.#pseudonym = pseudonym;
  }

  get bytes(): Buffer {
    const date = httpDate();
    if (date !== this.#date) {
      this.#date = date;
      const head = `HTTP/1.1 200 Connection established\r\nDate: ${date}\r\nProxy-Status: ${this.#pseudonym}\r\n\r\n`;
      this.#bytes = Buffer.from(head, 'latin1');
    }
    return this.#bytes;
  }
}
