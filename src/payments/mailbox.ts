// Which mailbox an address reaches, whatever it is spelt like: one person's aliases are one. Pure. An address that is two
// mailboxes in truth and one here costs somebody a gift; the other way round it costs the operator thousands.

import { readString } from '#core/readers.ts'

/** RFC 5321's limit. */
const addressLengthMax = 254
const localPattern = /^[^\s@"(),:;<>[\]\\\p{Cc}]{1,64}$/u

type Host = {
  /** Other names of the same mailboxes. */
  readonly names: readonly string[]
  readonly ignoresDots?: boolean
  /** What begins an alias beside the plus sign. */
  readonly aliasSign?: string
}

const hosts: readonly Host[] = [
  { names: ['gmail.com', 'googlemail.com'], ignoresDots: true },
  { names: ['proton.me', 'protonmail.com', 'protonmail.ch', 'pm.me'], ignoresDots: true },
  { names: ['icloud.com', 'me.com', 'mac.com'] },
  { names: ['yahoo.com', 'ymail.com', 'rocketmail.com'], aliasSign: '-' },
  { names: ['yandex.ru', 'ya.ru', 'yandex.com', 'yandex.by', 'yandex.kz', 'yandex.ua'] },
  { names: ['fastmail.com', 'fastmail.fm'] },
]

export type Mailbox = { readonly name: string; readonly domain: string }

/** Undefined for what is no address. */
export function readMailbox(value: unknown): Mailbox | undefined {
  const text = readString(value)?.trim().normalize('NFKC').toLowerCase()
  if (text === undefined || text.length > addressLengthMax || !text.isWellFormed()) return undefined
  const at = text.lastIndexOf('@')
  const [local, written] = [text.slice(0, Math.max(0, at)), readDomain(text.slice(at + 1))]
  if (written === undefined || !localPattern.test(local)) return undefined
  const { user, domain } = withoutSubdomain(local, written)
  const host = hosts.find(({ names }) => names.includes(domain))
  const base = withoutAlias(user, host?.aliasSign)
  const bare = host?.ignoresDots === true ? base.replaceAll('.', '') : base
  return bare === '' ? undefined : { name: `${bare}@${host?.names[0] ?? domain}`, domain: written }
}

/** In the form that the name system knows; undefined where it has no dot or is an address of a machine. */
function readDomain(text: string): string | undefined {
  const bare = text.replace(/\.$/, '')
  if (!/^[^\s/?#@:[\]\\%]+$/.test(bare) || !URL.canParse(`http://${bare}`)) return undefined
  const { hostname } = new URL(`http://${bare}`)
  return /\.[^.\d][^.]*$/.test(hostname) ? hostname : undefined
}

/** Fastmail gives every user a domain of their own, in which any name reaches them. */
function withoutSubdomain(local: string, domain: string): { user: string; domain: string } {
  const [, user] = /^([^.]+)\.fastmail\.(?:com|fm)$/.exec(domain) ?? []
  return user === undefined ? { user: local, domain } : { user, domain: 'fastmail.com' }
}

function withoutAlias(local: string, sign: string | undefined): string {
  const [bare = ''] = local.split('+')
  const at = sign === undefined ? -1 : bare.indexOf(sign)
  return at > 0 ? bare.slice(0, at) : bare
}

/** Hosts of mailboxes that anybody opens for ten minutes; the operator adds those that are seen (WELCOME_BLOCKED_DOMAINS). */
const disposable: ReadonlySet<string> = new Set(
  `10minutemail.com 10minutemail.net 1secmail.com 1secmail.net 1secmail.org 20minutemail.com 33mail.com
  anonaddy.com anonaddy.me bccto.me burnermail.io byom.de chacuo.net deadaddress.com
  discard.email discardmail.com discardmail.de dispostable.com dropmail.me emailfake.com emailondeck.com
  emltmp.com fakeinbox.com fakemail.net fakemailgenerator.com filzmail.com generator.email getairmail.com
  getnada.com grr.la guerrillamail.biz guerrillamail.com guerrillamail.de guerrillamail.info
  guerrillamail.net guerrillamail.org guerrillamailblock.com harakirimail.com incognitomail.org
  inboxbear.com inboxkitten.com jetable.org linshiyouxiang.net mail-temp.com mail.tm
  mailcatch.com maildrop.cc mailexpire.com mailforspam.com mailinator.com mailinator.net mailnesia.com
  mailnull.com mailpoof.com mailsac.com mailtemp.net mintemail.com moakt.com mohmal.com mvrht.net
  mytemp.email mytrashmail.com nada.email nowmymail.com pokemail.net rcpt.at sharklasers.com
  simplelogin.com simplelogin.co slmail.me smailpro.com spam4.me spambog.com spambox.us spamgourmet.com
  spamex.com tempail.com tempemail.co tempinbox.com tempmail.com tempmail.dev tempmail.net tempmail.plus
  tempmailaddress.com tempmailo.com tempr.email temp-mail.io temp-mail.org temporary-mail.net
  throwawaymail.com tmail.ws tmailor.com tmpmail.net tmpmail.org trash-mail.com trashmail.com
  trashmail.de trashmail.io trashmail.me trbvm.com wegwerfmail.de yopmail.com yopmail.fr yopmail.net
  zetmail.com`.split(/\s+/),
)

/** `blocked`: the operator's own additions. A domain's subdomains are it as well. */
export function isDisposable({ domain }: Mailbox, blocked: readonly string[]): boolean {
  const labels = domain.split('.')
  const ends = labels.map((_, at) => labels.slice(at).join('.'))
  return ends.some((end) => disposable.has(end) || blocked.includes(end))
}
