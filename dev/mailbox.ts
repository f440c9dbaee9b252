// A mailbox in place of Resend: takes mail by Resend's API, shows it to a person on a page and to tests as JSON. The same
// idempotency key is taken once. A recipient can be made to fail, each in its own way. Webhooks may go to `/hooks/{name}`.

import { createServer, type IncomingMessage } from 'node:http'
import { isObject, readJson, readString } from '#core/readers.ts'
import { escaped } from './html.ts'
import { closeServer, listen, localHost } from './ports.ts'
import { readText } from './request-body.ts'
import { WebhookInbox } from './webhook-inbox.ts'

/** The oldest are forgotten. */
const mailsMax = 1_000
const bodyBytesMax = 1024 * 1024

export type StoredMail = {
  readonly id: string
  readonly idempotencyKey: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly at: string
}

/** `refuse`: 422 for good; `down`: 503, nothing taken; `lost`: taken, and the answer is lost. */
export type MailFault = 'refuse' | 'down' | 'lost' | 'none'

export type Mailbox = { url: string; apiKey: string; stop(): Promise<void> }

type Answer = { status: number; body: unknown; isPage?: boolean; location?: string } | 'hang up'

export async function startMailbox(options: { port?: number } = {}): Promise<Mailbox> {
  const box = new Box()
  const server = createServer((request, response) => {
    answer(box, request).then(
      (said) => {
        if (said === 'hang up') return request.socket.destroy()
        const { status, body, isPage = false, location } = said
        const type = isPage ? 'text/html; charset=utf-8' : 'application/json'
        response.writeHead(status, { 'content-type': type, ...(location !== undefined && { location }) })
        return response.end(isPage ? String(body) : JSON.stringify(body))
      },
      () => request.socket.destroy(),
    )
  })
  const port = await listen(server, options.port ?? 0)
  return { url: `http://${localHost}:${port}`, apiKey: box.apiKey, stop: () => closeServer(server) }
}

class Box {
  readonly apiKey = 're_local_mailbox'
  readonly hooks = new WebhookInbox()
  readonly mails: StoredMail[] = []
  readonly faults = new Map<string, MailFault>()
  /** How often each recipient was written to, refusals included. */
  readonly tries = new Map<string, number>()

  take(body: unknown, idempotencyKey: string): Answer {
    const mail = readMail(body, idempotencyKey, this.mails.length + 1)
    if (mail === undefined) return refusal(422, 'validation_error')
    const [first = ''] = mail.to
    this.tries.set(first, (this.tries.get(first) ?? 0) + 1)
    const earlier = this.mails.find((one) => one.idempotencyKey === idempotencyKey)
    const fault = mail.to.map((to) => this.faults.get(to)).find((one) => one !== undefined && one !== 'none')
    if (fault === 'refuse') return refusal(422, 'invalid_to_address')
    if (fault === 'down') return refusal(503, 'service_unavailable')
    if (earlier === undefined) this.mails.push(mail)
    if (this.mails.length > mailsMax) this.mails.shift()
    return fault === 'lost' ? 'hang up' : { status: 200, body: { id: (earlier ?? mail).id } }
  }
}

async function answer(box: Box, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://${localHost}`)
  const text = (await readText(request, bodyBytesMax)) ?? ''
  const body = readJson(text)
  const [, name] = /^\/hooks\/([\w-]{1,100})$/.exec(pathname) ?? []
  if (name !== undefined) return answerHook(box.hooks, name, { request, text, body })
  switch (`${request.method} ${pathname}`) {
    case 'POST /emails': {
      if (request.headers.authorization !== `Bearer ${box.apiKey}`) return refusal(401, 'invalid_api_key')
      return box.take(body, String(request.headers['idempotency-key'] ?? ''))
    }
    case 'GET /messages': {
      const to = searchParams.get('to')
      return { status: 200, body: box.mails.filter((mail) => to === null || mail.to.includes(to)) }
    }
    case 'GET /tries':
      return { status: 200, body: box.tries.get(searchParams.get('to') ?? '') ?? 0 }
    case 'PUT /faults': {
      const fields = isObject(body) ? body : {}
      const fault = (['refuse', 'down', 'lost', 'none'] as const).find((one) => one === fields['fault'])
      if (fault === undefined) return refusal(400, 'validation_error')
      box.faults.set(readString(fields['to']) ?? '', fault)
      return { status: 200, body: {} }
    }
    case 'GET /':
      return { status: 200, body: pageOf(box), isPage: true }
    default:
      return refusal(404, 'not_found')
  }
}

type HookRequest = { request: IncomingMessage; text: string; body: unknown }

/** POST is a delivery; PUT says how the next ones are answered; GET lists what has come. */
function answerHook(hooks: WebhookInbox, name: string, { request, text, body }: HookRequest): Answer {
  if (request.method === 'GET') return { status: 200, body: hooks.receivedBy(name) }
  if (request.method === 'PUT') {
    hooks.answerWith(name, body)
    return { status: 200, body: {} }
  }
  const message = { headers: request.headers, body: text, at: new Date().toISOString() }
  return { ...hooks.take(name, message), isPage: true }
}

function refusal(status: number, name: string): Answer {
  return { status, body: { statusCode: status, name, message: name.replaceAll('_', ' ') } }
}

function readMail(body: unknown, idempotencyKey: string, number: number): StoredMail | undefined {
  if (!isObject(body)) return undefined
  const [from, subject, text, html] = ['from', 'subject', 'text', 'html'].map((name) =>
    readString(body[name]),
  )
  const given: unknown = body['to']
  const to = (Array.isArray(given) ? given : [given]).flatMap((one: unknown) => readString(one) ?? [])
  if (from === undefined || subject === undefined || text === undefined || html === undefined)
    return undefined
  if (to.length === 0 || to.length > 50) return undefined
  const at = new Date().toISOString()
  return { id: `mail_${number}`, idempotencyKey, from, to, subject, text, html, at }
}

/** The newest first; each mail's own HTML in a frame that may run nothing. */
function pageOf({ mails, hooks }: Box): string {
  const list = mails.toReversed().map(
    ({ at, to, from, subject, html }) =>
      `<article><h2>${escaped(subject)}</h2><p>${escaped(at)} · from ${escaped(from)} · to ${escaped(to.join(', '))}</p>
<iframe sandbox title="${escaped(subject)}" srcdoc="${escaped(html)}"></iframe></article>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Local mailbox</title><style>
body{font-family:sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}article{border-top:1px solid #ccc}
h2{font-size:1.1rem;margin-bottom:0}p{color:#555;margin-top:.3rem}iframe{width:100%;height:14rem;border:1px solid #ddd}
</style></head><body><h1>Local mailbox</h1>
${hooks
  .names()
  .map(
    (name) =>
      `<p>Webhooks to <a href="/hooks/${name}">/hooks/${name}</a>: ${hooks.receivedBy(name).length}</p>`,
  )
  .join('')}
${list.length === 0 ? '<p>No mail yet. Reload this page when something was to be told.</p>' : list.join('\n')}</body></html>`
}
