// Hashes as text, in lower-case hex: of SHA-256, plain or under a secret.

const encoder = new TextEncoder()
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function hexOf(bytes: Uint8Array): string {
  return bytes.reduce((hex, byte) => hex + (hexOfByte[byte] ?? ''), '')
}

/** 64 digits; a text is hashed as UTF-8. */
export async function sha256Hex(of: string | Uint8Array): Promise<string> {
  const bytes = typeof of === 'string' ? encoder.encode(of) : Uint8Array.from(of)
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/** 64 digits of HMAC-SHA-256: nobody without the secret can tell the text by trying all of them. */
export async function hmacHex(text: string, secret: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  return hexOf(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text))))
}
