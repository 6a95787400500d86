/** The body of an answer, as undici gives it. */
type AnswerBody = AsyncIterable<Buffer> & { destroy(): unknown; on: NodeJS.EventEmitter['on'] }

/** Reads the body of an answer from outside; null where it is larger than `bytesMax`. Nothing of it is left on the connection. */
export async function readAnswer(body: AnswerBody, bytesMax: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength
      if (bytes > bytesMax) return null
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } finally {
    dropAnswer(body)
  }
}

/** Gives up the body of an answer: what it fails with afterwards is nobody's matter. */
export function dropAnswer(body: AnswerBody): void {
  body.on('error', () => {})
  body.destroy()
}
