// Which addresses a customer's webhook may have: https, to what is public by its very spelling. The URL parser has turned
// decimal, octal, hexadecimal and shortened addresses into their usual form before anything here looks at them. Pure.
// Names are not resolved: a Worker cannot. What that leaves is in docs/webhooks.md.

export type AddressRefusal =
  | 'not_a_url'
  | 'not_https'
  | 'has_credentials'
  | 'private_address'
  | 'private_name'
  | 'strange_port'
  | 'too_long'

export type Address =
  | { readonly ok: true; readonly url: string }
  | { readonly ok: false; readonly why: AddressRefusal }

const urlLengthMax = 2_000
/** Below it, but for 443, stand services that are no web servers: mail, shells, directories. */
const portMin = 1_024

/** `localOrigin`: in development the one local place that may be reached, by http as well. */
export function readAddress(text: unknown, localOrigin: string | undefined): Address {
  if (typeof text !== 'string' || !URL.canParse(text)) return { ok: false, why: 'not_a_url' }
  const url = new URL(text)
  url.hash = ''
  if (url.href.length > urlLengthMax) return { ok: false, why: 'too_long' }
  if (url.username !== '' || url.password !== '') return { ok: false, why: 'has_credentials' }
  if (localOrigin !== undefined && url.origin === localOrigin) return { ok: true, url: url.href }
  if (url.protocol !== 'https:') return { ok: false, why: 'not_https' }
  if (url.port !== '' && Number(url.port) < portMin) return { ok: false, why: 'strange_port' }
  const host = url.hostname.replace(/\.+$/, '')
  if (host.startsWith('[')) return isPublicV6(host.slice(1, -1)) ? publicAt(url) : privateAddress
  const v4 = readV4(host)
  if (v4 !== undefined) return isPublicV4(v4) ? publicAt(url) : privateAddress
  return isPublicName(host) ? publicAt(url) : { ok: false, why: 'private_name' }
}

const privateAddress = { ok: false, why: 'private_address' } as const

function publicAt(url: URL): Address {
  return { ok: true, url: url.href }
}

// ── IPv4 ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** IANA's special-purpose registry: this network, private, shared, loopback, link-local (with metadata), tests, multicast, reserved. */
const specialV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

/** As a number; undefined for what is no address. */
function readV4(host: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

function isPublicV4(address: number): boolean {
  return !specialV4.some(([network, bits]) => {
    const size = 2 ** (32 - bits)
    return Math.floor(address / size) === Math.floor((readV4(network) ?? 0) / size)
  })
}

// ── IPv6 ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Only global unicast, 2000::/3, and of it nothing that carries another address or is for examples. */
function isPublicV6(address: string): boolean {
  const [first = 0, second = 0] = groupsOf(address)
  if (first < 0x2000 || first > 0x3fff) return false
  // Teredo, other protocol assignments and benchmarks; examples; 6to4; examples again.
  if (first === 0x2001 && (second < 0x200 || second === 0xdb8)) return false
  return first !== 0x2002 && !(first === 0x3fff && second < 0x1000)
}

/** The first two groups of the parser's own spelling, in which `::` stands for zeros. */
function groupsOf(address: string): readonly number[] {
  const [head = ''] = address.split('::')
  return [...head.split(':').map((group) => Number.parseInt(group || '0', 16)), 0, 0]
}

// ── Names ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Ends of names that no public server has, and of services that give any private address a public name. */
const privateEnds = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'lan',
  'home.arpa',
  'in-addr.arpa',
  'ip6.arpa',
  'test',
  'example',
  'invalid',
  'onion',
  'alt',
  'svc',
  'nip.io',
  'sslip.io',
  'xip.io',
  'localtest.me',
  'lvh.me',
  'vcap.me',
  'lacolhost.com',
  'localho.st',
  'local.gd',
  'traefik.me',
  'fuf.me',
  'rbndr.us',
  '1u.ms',
]

function isPublicName(host: string): boolean {
  if (!host.includes('.')) return false
  return !privateEnds.some((end) => host === end || host.endsWith(`.${end}`))
}
