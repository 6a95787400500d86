/** What parts the fields of a test delivery; no payload holds it by chance. */
const BOUNDARY = 'pixelesq-bridge-5f0c1e7ab94d4c63a8e2'

/** The content type of what `writeMultipart` writes. */
export const MULTIPART_TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** Writes fields as `multipart/form-data` (RFC 7578, names as WHATWG HTML 4.10.21.8 says), as Jotform would. */
export function writeMultipart(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const parts = fields.map(([name, value]) => {
    const quoted = name.replace(/["\r\n]/g, encodeURIComponent)
    return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${quoted}"\r\n\r\n${value}\r\n`
  })
  return Buffer.from(`${parts.join('')}--${BOUNDARY}--\r\n`)
}
