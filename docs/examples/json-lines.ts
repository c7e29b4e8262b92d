/** The JSON texts of a stream, one on each line, as event streams have them. `longest`: characters of a line. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>, longest = 8 * 1024 * 1024): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > longest) throw new Error('a line of the stream is too long');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
}
