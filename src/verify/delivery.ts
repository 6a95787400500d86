/** What is known of a delivery before its body is read. */
export interface DeliveryHead {
  /** Upper-case, as received. */
  method: string
  /** Raw, without the `?`; empty when there is none. */
  query: string
  /** As Node gives them: name, value, name, value. The only form in which a repeated header can be seen without risk (CVE-2026-21710). */
  rawHeaders: readonly string[]
}

/** One HTTP request of a sender, body as bytes. */
export interface Delivery extends DeliveryHead {
  /** The bytes that came over the wire, possibly none; never re-serialised. */
  body: Buffer
}
